// Package connectortest is the conformance suite of the connectors: one
// sub-suite per role, run against a real connection of a vendor. A vendor is
// done when Run passes, and what Run does not check no caller may rely on.
//
// A vendor's test is a Harness and one line:
//
//	connectortest.Run(t, connectortest.Harness{Vendor: s3.Vendor{}, Open: …})
//
// Roles that the connection does not implement are not run; that the
// Descriptor says so, with a reason, is checked first.
package connectortest
