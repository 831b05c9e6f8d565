// Package architecture holds the test that keeps the imports of the project
// pointing one way, as docs/architecture.md draws them.
package architecture
