package connection

import (
	"context"
	"errors"
	"fmt"

	"github.com/wedsync/wedsync/connectors"
	"github.com/wedsync/wedsync/hub"
)

// explain turns what a vendor says into an Error with the vendor's words. A
// request that was given up is not the vendor's doing and passes unchanged.
func explain(ctx context.Context, d connectors.Descriptor, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	var e *connectors.Error
	if errors.As(err, &e) && e.Kind == connectors.Invalid {
		field := ""
		if e.Field != "" {
			field = fieldOf(d, e.Field)
		}
		return hub.Errorf(hub.CodeInvalid, field, "%s", words(err))
	}
	return hub.Errorf(hub.CodeProvider, "", "%s: %s", d.Name, words(err))
}

// words says what a failure means to people, with the vendor's own text. Errors
// of connectors hold no secrets; any other may, and is not repeated.
func words(err error) string {
	var e *connectors.Error
	if !errors.As(err, &e) {
		if errors.Is(err, context.DeadlineExceeded) {
			return "it did not answer in time"
		}
		return "it failed in an unexpected way"
	}
	said := string(e.Kind)
	if e.Err != nil {
		said = e.Err.Error()
	}
	if why, ok := meanings(e.Kind); ok {
		return fmt.Sprintf("%s (%s)", why, said)
	}
	return said
}

func meanings(k connectors.Kind) (string, bool) {
	switch k {
	case connectors.AuthExpired, connectors.AuthRevoked:
		return "it does not accept the credentials", true
	case connectors.ScopeMissing:
		return "the credentials do not permit this", true
	case connectors.NotFound:
		return "what is asked for is not there", true
	case connectors.QuotaFull:
		return "there is no room left", true
	case connectors.RateLimited:
		return "it asks to wait", true
	case connectors.Transient:
		return "it cannot be reached or is out of order; try again later", true
	}
	return "", false
}
