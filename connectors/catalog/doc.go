// Package catalog is the explicit list of all vendors: adding one is a folder
// beside this one and a line here.
package catalog
