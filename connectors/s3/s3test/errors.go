package s3test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// apiError is a failure as S3 words it.
type apiError struct {
	status        int
	code, message string
	retryAfter    time.Duration
}

func (e *apiError) Error() string { return fmt.Sprintf("%s: %s", e.code, e.message) }

func answer(status int, code, message string) *apiError {
	return &apiError{status: status, code: code, message: message}
}

// The failures of S3 that this server knows, by their documented codes.
var (
	errAccessDenied         = answer(403, "AccessDenied", "Access Denied")
	errAuthorizationHeader  = answer(400, "AuthorizationHeaderMalformed", "The authorization header is malformed")
	errBadDigest            = answer(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	errBucketExists         = answer(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
	errBucketNotEmpty       = answer(409, "BucketNotEmpty", "The bucket you tried to delete is not empty.")
	errChecksumMismatch     = answer(400, "XAmzContentChecksumMismatch", "The provided 'x-amz-checksum' header does not match what was computed.")
	errContentSHA256        = answer(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
	errEntityTooLarge       = answer(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
	errEntityTooSmall       = answer(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size.")
	errIncompleteBody       = answer(400, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	errInternal             = answer(500, "InternalError", "We encountered an internal error. Please try again.")
	errInvalidAccessKey     = answer(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	errInvalidBucketName    = answer(400, "InvalidBucketName", "The specified bucket is not valid.")
	errInvalidDigest        = answer(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
	errInvalidPart          = answer(400, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
	errInvalidPartOrder     = answer(400, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
	errInvalidRange         = answer(416, "InvalidRange", "The requested range is not satisfiable")
	errInvalidToken         = answer(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	errInvalidURI           = answer(400, "InvalidURI", "Couldn't parse the specified URI.")
	errKeyTooLong           = answer(400, "KeyTooLongError", "Your key is too long")
	errMalformedXML         = answer(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	errMetadataTooLarge     = answer(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	errMethodNotAllowed     = answer(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
	errMissingContentLength = answer(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	errNoSuchBucket         = answer(404, "NoSuchBucket", "The specified bucket does not exist")
	errNoSuchKey            = answer(404, "NoSuchKey", "The specified key does not exist.")
	errNoSuchUpload         = answer(404, "NoSuchUpload", "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	errNoSuchVersion        = answer(404, "NoSuchVersion", "The specified version does not exist.")
	errNotImplemented       = answer(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
	errNotModified          = answer(304, "NotModified", "Not Modified")
	errPreconditionFailed   = answer(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	errQuotaExceeded        = answer(507, "InsufficientStorage", "The store has no room for that.")
	errRequestTimeTooSkewed = answer(403, "RequestTimeTooSkewed", "The difference between the request time and the server's time is too large.")
	errSignatureDoesNotFit  = answer(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
)

func invalidArgument(why string) error { return answer(400, "InvalidArgument", why) }
func invalidRequest(why string) error  { return answer(400, "InvalidRequest", why) }

// fail answers with the error, in XML where the method allows a body.
func (c *call) fail(err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = errInternal
	}
	if e.retryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(e.retryAfter/time.Second)))
	}
	if c.r.Method == http.MethodHead || e.status == http.StatusNotModified {
		c.w.WriteHeader(e.status)
		return
	}
	c.reply(e.status, struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Resource  string
		RequestID string `xml:"RequestId"`
	}{Code: e.code, Message: e.message, Resource: c.r.URL.Path, RequestID: c.w.Header().Get("X-Amz-Request-Id")})
}

// reply answers in XML. A client that has gone away is no failure.
func (c *call) reply(status int, v any) {
	raw, err := xml.Marshal(v)
	if err != nil {
		c.w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(xml.Header)+len(raw)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(append([]byte(xml.Header), raw...))
}

// decode reads the request's XML document.
func (c *call) decode(v any) error {
	var document bytes.Buffer
	if _, err := c.receive(&document, maxXMLBody); err != nil {
		return err
	}
	if err := xml.Unmarshal(document.Bytes(), v); err != nil {
		return errMalformedXML
	}
	return nil
}
