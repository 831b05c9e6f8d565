package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/wedsync/wedsync/connectors"
)

// maxMessage bounds how much of a store's own words an error repeats.
const maxMessage = 300

// fault is what a store answered, reduced to what may be shown.
type fault struct {
	status    int
	code      string
	message   string
	requestID string
}

func (f *fault) Error() string {
	var b strings.Builder
	b.WriteString(f.code)
	if f.message != "" {
		fmt.Fprintf(&b, ": %s", f.message)
	}
	fmt.Fprintf(&b, " (HTTP %d", f.status)
	if f.requestID != "" {
		fmt.Fprintf(&b, ", request %s", f.requestID)
	}
	b.WriteString(")")
	return b.String()
}

// fail turns whatever the SDK returned into the error that crosses the border.
func (c *conn) fail(op, path string, err error) *connectors.Error {
	out := classify(err)
	out.Op, out.Path = op, path
	if f := (*fault)(nil); errors.As(out.Err, &f) {
		f.message = clip(c.redact.Replace(f.message))
		f.requestID = clip(c.redact.Replace(f.requestID))
		f.code = clip(c.redact.Replace(f.code))
	}
	return out
}

// classify maps every failure of a request to what it means to the hub.
func classify(err error) *connectors.Error {
	if own := (*connectors.Error)(nil); errors.As(err, &own) {
		return &connectors.Error{Kind: own.Kind, After: own.After, Field: own.Field, Err: own}
	}
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, ended) {
			return &connectors.Error{Kind: connectors.Transient, Err: ended}
		}
	}
	if f, header := answered(err); f != nil {
		return classifyAnswer(f, header)
	}
	return classifyNetwork(err)
}

// answered extracts the store's answer, if there was one.
func answered(err error) (*fault, http.Header) {
	var response *smithyhttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return nil, nil
	}
	header := response.Response.Header
	f := &fault{status: response.HTTPStatusCode(), requestID: header.Get("X-Amz-Request-Id")}
	if api := smithy.APIError(nil); errors.As(err, &api) {
		f.code, f.message = api.ErrorCode(), api.ErrorMessage()
	} else if f.status < http.StatusMultipleChoices {
		// The answer broke off, or was none of S3's.
		return nil, nil
	}
	if f.code == "" || f.code == "UnknownError" {
		f.code = strings.ReplaceAll(http.StatusText(f.status), " ", "")
	}
	if f.message == f.code {
		f.message = ""
	}
	return f, header
}

func classifyAnswer(f *fault, header http.Header) *connectors.Error {
	out := &connectors.Error{Kind: kindOfCode(f.code), Err: f}
	if out.Kind == "" {
		out.Kind = kindOfStatus(f.status)
	}
	out.After = retryAfter(header)
	switch {
	case out.Kind == connectors.Transient && out.After > 0:
		out.Kind = connectors.RateLimited
	case f.code == "NoSuchBucket":
		f.message = "the bucket does not exist"
	case f.code == "RequestTimeTooSkewed":
		f.message = "this machine's clock and the store's differ by more than 15 minutes; set the clock right"
	case f.code == "InvalidObjectState":
		f.message = "the object is in an archive storage class and must be restored before it can be read"
	case wrongRegion(f):
		out.Kind, out.Field = connectors.Invalid, settingRegion
		if region := header.Get("X-Amz-Bucket-Region"); regionName.MatchString(region) {
			f.message = "the bucket is in region " + region
		}
	case f.code == "InvalidBucketName":
		out.Field = settingBucket
	}
	return out
}

// kindOfCode knows the error codes of S3 and of the common stores that speak
// its protocol; "" leaves the decision to the HTTP status.
func kindOfCode(code string) connectors.Kind {
	switch code {
	case "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound":
		return connectors.NotFound
	case "NoSuchUpload":
		return connectors.SessionExpired
	case "PreconditionFailed":
		return connectors.Conflict
	case "SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests",
		"BandwidthLimitExceeded", "RequestThrottled":
		return connectors.RateLimited
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
		return connectors.AuthExpired
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId",
		"InvalidSecurity", "NotSignedUp", "AccountProblem":
		return connectors.AuthRevoked
	case "AccessDenied", "AllAccessDisabled", "AccessForbidden", "Forbidden":
		return connectors.ScopeMissing
	case "EntityTooLarge":
		return connectors.TooLarge
	case "QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "XMinioStorageFull",
		"XMinioAdminBucketQuotaExceeded", "AccountQuotaExceeded", "StorageCapExceeded":
		return connectors.QuotaFull
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject":
		// Stores that keep objects as files cannot have a file and a folder of one name.
		return connectors.Exists
	case "KeyTooLongError", "InvalidURI", "InvalidObjectName", "XMinioInvalidObjectName":
		return connectors.NameRejected
	case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
		return connectors.Corrupt
	case "NotImplemented", "MethodNotAllowed", "InvalidObjectState":
		return connectors.Unsupported
	case "InvalidBucketName":
		return connectors.Invalid
	case "IncompleteBody", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted",
		"ConditionalRequestConflict", "BadGateway", "GatewayTimeout":
		return connectors.Transient
	case "RequestTimeTooSkewed", "InvalidRange", "InvalidPart", "InvalidPartOrder", "EntityTooSmall":
		return connectors.Permanent
	}
	return ""
}

func kindOfStatus(status int) connectors.Kind {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return connectors.NotFound
	case http.StatusUnauthorized:
		return connectors.AuthRevoked
	case http.StatusForbidden:
		return connectors.ScopeMissing
	case http.StatusPreconditionFailed:
		return connectors.Conflict
	case http.StatusRequestEntityTooLarge:
		return connectors.TooLarge
	case http.StatusTooManyRequests:
		return connectors.RateLimited
	case http.StatusNotImplemented, http.StatusMethodNotAllowed:
		return connectors.Unsupported
	case http.StatusInsufficientStorage:
		return connectors.QuotaFull
	case http.StatusRequestTimeout, http.StatusConflict:
		return connectors.Transient
	}
	if status >= http.StatusInternalServerError {
		return connectors.Transient
	}
	return connectors.Permanent
}

func wrongRegion(f *fault) bool {
	switch f.code {
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return f.status >= http.StatusMultipleChoices && f.status < http.StatusBadRequest && f.status != http.StatusNotModified
}

// retryAfter reads how long the store asks to wait. A date is taken relative to
// the answer's own date, so that no clock is needed.
func retryAfter(header http.Header) time.Duration {
	raw := header.Get("Retry-After")
	if raw == "" {
		return 0
	}
	const longest = 24 * time.Hour
	if seconds, err := strconv.ParseUint(raw, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longest)
	}
	until, err := http.ParseTime(raw)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), longest)
}

// classifyNetwork handles requests that got no answer. The cause is kept without
// the SDK's wrapping, which repeats the whole request's address.
func classifyNetwork(err error) *connectors.Error {
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return &connectors.Error{Kind: connectors.Permanent, Err: certificate}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &connectors.Error{Kind: connectors.Transient, Err: io.ErrUnexpectedEOF}
	}
	if request := (*url.Error)(nil); errors.As(err, &request) {
		return &connectors.Error{Kind: connectors.Transient, Err: request.Err}
	}
	if network := net.Error(nil); errors.As(err, &network) {
		return &connectors.Error{Kind: connectors.Transient, Err: network}
	}
	return &connectors.Error{Kind: connectors.Permanent, Err: errors.New(clip(err.Error()))}
}

func clip(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "…"
}

// codeOf is the store's error code in err, or "".
func codeOf(err error) string {
	if f := (*fault)(nil); errors.As(err, &f) {
		return f.code
	}
	return ""
}

// unanswered reports whether the store may have done what was asked although
// the request failed.
func unanswered(err error) bool {
	f := (*fault)(nil)
	return !errors.As(err, &f) || f.status >= http.StatusInternalServerError
}
