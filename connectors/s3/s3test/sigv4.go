package s3test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	amzTime = "20060102T150405Z"

	unsignedPayload  = "UNSIGNED-PAYLOAD"
	unsignedTrailers = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// authorization is a parsed header of AWS Signature Version 4.
type authorization struct {
	accessKey             string
	date, region, service string
	signedHeaders         []string
	signature             string
}

// parseAuthorization reads "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…,
// Signature=…".
func parseAuthorization(header string) (authorization, bool) {
	rest, ok := strings.CutPrefix(header, "AWS4-HMAC-SHA256 ")
	if !ok {
		return authorization{}, false
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice {
			return authorization{}, false
		}
		fields[name] = value
	}
	// An access key may hold slashes; what follows it cannot.
	scope := strings.Split(fields["Credential"], "/")
	n := len(scope)
	if len(fields) != 3 || n < 5 || scope[n-1] != "aws4_request" || len(fields["Signature"]) != 2*sha256.Size {
		return authorization{}, false
	}
	a := authorization{
		accessKey: strings.Join(scope[:n-4], "/"),
		date:      scope[n-4], region: scope[n-3], service: scope[n-2],
		signedHeaders: strings.Split(fields["SignedHeaders"], ";"),
		signature:     fields["Signature"],
	}
	sorted := slices.IsSorted(a.signedHeaders) && !slices.Contains(a.signedHeaders, "")
	return a, sorted && a.accessKey != ""
}

// authenticate checks the request's signature, its time and its credential.
func (c *call) authenticate() error {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return errAccessDenied
	}
	a, ok := parseAuthorization(header)
	o := c.s.opts
	switch {
	case !ok, a.service != "s3":
		return errAuthorizationHeader
	case a.accessKey != o.AccessKey:
		return errInvalidAccessKey
	case a.region != o.Region:
		c.w.Header().Set("X-Amz-Bucket-Region", o.Region)
		return answer(400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region '"+a.region+"' is wrong; expecting '"+o.Region+"'")
	case c.r.Header.Get("X-Amz-Content-Sha256") == "":
		return invalidRequest("Missing required header for this request: x-amz-content-sha256")
	}
	at, err := time.Parse(amzTime, c.r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil, at.Format("20060102") != a.date:
		return errAccessDenied
	case o.Now().Sub(at).Abs() > maxClockSkew:
		return errRequestTimeTooSkewed
	}
	if err := allSigned(c.r.Header, a.signedHeaders); err != nil {
		return err
	}
	if !hmac.Equal([]byte(signature(c.r, a, o.SecretKey)), []byte(a.signature)) {
		return errSignatureDoesNotFit
	}
	if c.r.Header.Get("X-Amz-Security-Token") != o.SessionToken {
		return errInvalidToken
	}
	return nil
}

// allSigned demands that the host and every header of S3's own is signed.
func allSigned(h http.Header, signed []string) error {
	missing := !slices.Contains(signed, "host")
	for name := range h {
		name = strings.ToLower(name)
		missing = missing || (strings.HasPrefix(name, "x-amz-") || name == "content-md5") && !slices.Contains(signed, name)
	}
	if missing {
		return answer(403, "AccessDenied", "There were headers present in the request which were not signed")
	}
	return nil
}

// signature computes what a client with this secret would have sent.
func signature(r *http.Request, a authorization, secret string) string {
	scope := strings.Join([]string{a.date, a.region, a.service, "aws4_request"}, "/")
	canonical := sha256.Sum256([]byte(canonicalRequest(r, a.signedHeaders)))
	toSign := strings.Join([]string{
		"AWS4-HMAC-SHA256", r.Header.Get("X-Amz-Date"), scope, hex.EncodeToString(canonical[:]),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{a.date, a.region, a.service, "aws4_request", toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

func canonicalRequest(r *http.Request, signed []string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + uriEncode(r.URL.Path, true) + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + r.Header.Get("X-Amz-Content-Sha256"))
	return b.String()
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, uriEncode(name, false)+"="+uriEncode(v, false))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// headerValue is a header as it is signed. Go keeps some apart from the rest.
func headerValue(r *http.Request, name string) string {
	if name == "host" {
		return r.Host
	}
	values := r.Header.Values(name)
	if name == "content-length" && len(values) == 0 {
		return strconv.FormatInt(r.ContentLength, 10)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(trimmed, ",")
}

// uriEncode is S3's percent-encoding.
func uriEncode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}
