// Package schema declares the hub's entities, one file each. Every one that
// belongs to an organization mixes in Tenant, which adds the organization_id
// column and the privacy policy: default deny, filtered by the viewer in the
// context.
package schema
