package gqlexec

import (
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	cachedDocuments = 500
	// A client that sends ever new long documents must not fill the memory.
	longestCached = 16 << 10
)

// documentCache keeps parsed and validated documents that were used lately: two
// generations, of which the older is dropped when the younger is full.
type documentCache struct {
	mu           sync.Mutex
	young, older map[string]*ast.QueryDocument
}

func newDocumentCache() *documentCache {
	return &documentCache{young: map[string]*ast.QueryDocument{}}
}

// Get returns the document of the text.
func (c *documentCache) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if doc, ok := c.young[text]; ok {
		return doc, true
	}
	doc, ok := c.older[text]
	if ok {
		c.add(text, doc)
	}
	return doc, ok
}

// Add keeps the document of the text unless it is too long.
func (c *documentCache) Add(_ context.Context, text string, doc *ast.QueryDocument) {
	if len(text) > longestCached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(text, doc)
}

func (c *documentCache) add(text string, doc *ast.QueryDocument) {
	if len(c.young) >= cachedDocuments/2 {
		c.older, c.young = c.young, make(map[string]*ast.QueryDocument, cachedDocuments/2)
	}
	c.young[text] = doc
}
