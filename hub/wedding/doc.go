// Package wedding keeps the weddings that files belong to.
package wedding
