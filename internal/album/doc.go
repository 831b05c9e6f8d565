// Package album makes a wedding album for demonstrations and tests: photographs
// that decode, with EXIF, of realistic sizes, RAW-like files and XMP sidecars,
// under the kind of names that real folders hold.
package album
