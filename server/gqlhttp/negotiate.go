package gqlhttp

import (
	"mime"
	"strconv"
	"strings"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
)

// longestAccept bounds the work that an Accept header can cause.
const longestAccept = 4 << 10

// negotiate returns the media type to answer with, or "" if the client accepts
// neither. Without a preference it is application/json, which the specification
// keeps for clients that know no other.
func negotiate(accept []string) string {
	joined := strings.Join(accept, ",")
	if strings.TrimSpace(joined) == "" {
		return mediaJSON
	}
	if len(joined) > longestAccept {
		return ""
	}
	var response, json preference
	for part := range strings.SplitSeq(joined, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil || !isUTF8(params) {
			continue
		}
		q := quality(params)
		switch media {
		case mediaResponse:
			response.see(named, q)
		case mediaJSON:
			json.see(named, q)
		case "application/*":
			response.see(subtype, q)
			json.see(subtype, q)
		case "*/*":
			response.see(anything, q)
			json.see(anything, q)
		}
	}
	switch {
	case response.q <= 0 && json.q <= 0:
		return ""
	case response.q > json.q, response.q == json.q && response.how == named:
		return mediaResponse
	}
	return mediaJSON
}

// How a media range fits, from the least to the most specific.
const (
	anything = iota + 1
	subtype
	named
)

// preference is how much a client wants one media type: the most specific range
// that fits it decides.
type preference struct {
	how int
	q   float64
}

func (p *preference) see(how int, q float64) {
	if how >= p.how {
		p.how, p.q = how, q
	}
}

func quality(params map[string]string) float64 {
	text, ok := params["q"]
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

func isUTF8(params map[string]string) bool {
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}
