package s3

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// newClient builds the SDK's client so that it sends each request exactly once,
// through the given HTTP client, and adds no checksum that the store may not
// know.
func newClient(s settings, base *http.Client) *awss3.Client {
	// A redirect means that the region is wrong. Following it would send the
	// request, and for reads its content, somewhere nobody chose.
	once := *base
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	o := awss3.Options{
		Region:                     s.region,
		Credentials:                credentials.NewStaticCredentialsProvider(s.accessKey, s.secretKey, s.sessionToken),
		HTTPClient:                 &once,
		UsePathStyle:               s.pathStyle,
		Retryer:                    aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Logger:                     logging.Nop{},

		DisableLogOutputChecksumValidationSkipped: true,
	}
	if s.endpoint != "" {
		o.BaseEndpoint = &s.endpoint
	}
	return awss3.New(o)
}

// streamed leaves the body out of a request's signature, so that it is read
// once, as it is sent, whatever it is read from. Its integrity is proved by
// digests instead (see proof).
func streamed(o *awss3.Options) {
	o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
}
