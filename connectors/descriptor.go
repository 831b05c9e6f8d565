package connectors

// Category groups vendors for people.
type Category string

const (
	CategoryPhotoTool Category = "PHOTO_TOOL"
	CategoryGallery   Category = "GALLERY"
	CategoryStorage   Category = "STORAGE"
	CategoryBackup    Category = "BACKUP"
	CategorySocial    Category = "SOCIAL"
)

// Role names one role interface of this package.
type Role string

const (
	RoleSource     Role = "SOURCE"
	RoleSink       Role = "SINK"
	RoleDeleter    Role = "DELETER"
	RoleMover      Role = "MOVER"
	RoleCopier     Role = "COPIER"
	RoleVersioner  Role = "VERSIONER"
	RoleChangeFeed Role = "CHANGE_FEED"
)

// Roles lists every role there is, in the order people read them.
func Roles() []Role {
	return []Role{RoleSource, RoleSink, RoleDeleter, RoleMover, RoleCopier, RoleVersioner, RoleChangeFeed}
}

// Implements reports whether the connection can play the role.
func Implements(c Connection, r Role) bool {
	var ok bool
	switch r {
	case RoleSource:
		_, ok = c.(Source)
	case RoleSink:
		_, ok = c.(Sink)
	case RoleDeleter:
		_, ok = c.(Deleter)
	case RoleMover:
		_, ok = c.(Mover)
	case RoleCopier:
		_, ok = c.(Copier)
	case RoleVersioner:
		_, ok = c.(Versioner)
	case RoleChangeFeed:
		_, ok = c.(ChangeFeed)
	}
	return ok
}

// RoleSupport says whether a vendor plays a role and, if not, why, in words for
// people.
type RoleSupport struct {
	Role      Role
	Supported bool
	Reason    string
}

// AuthScheme is how a connection proves who it is.
type AuthScheme string

const (
	AuthNone      AuthScheme = "NONE"
	AuthAccessKey AuthScheme = "ACCESS_KEY"
)

// Setting is one value a person or program gives to connect.
type Setting struct {
	Name     string
	Label    string
	Help     string
	Required bool
	// Secret values are sealed at once, never returned and never logged.
	Secret bool
	// Default is used when the value is empty.
	Default string
	// Choices, if any, are the only values allowed.
	Choices []string
}

// Descriptor states as data what a vendor is and allows. The conformance suite
// fails where it disagrees with what the vendor does.
type Descriptor struct {
	// Provider is the stable lower-case id ("s3"), also the folder's name.
	Provider string
	Name     string
	Category Category
	Auth     AuthScheme
	Settings []Setting
	// Roles has one entry for every role, in the order of Roles().
	Roles []RoleSupport
	// Hashes the vendor itself reports for a file (see Object.Hashes).
	Hashes []HashAlgorithm
	Limits Limits
	// Notes tell people what is sure and what is not.
	Notes []string
}

// Supports reports whether the vendor plays the role.
func (d Descriptor) Supports(r Role) bool {
	for _, s := range d.Roles {
		if s.Role == r {
			return s.Supported
		}
	}
	return false
}

// Limits are the vendor's documented bounds; 0 means none is known.
type Limits struct {
	// MaxFileSize in bytes.
	MaxFileSize int64
	// MinPartSize, MaxPartSize in bytes, and MaxParts, of a multi-part upload.
	MinPartSize int64
	MaxPartSize int64
	MaxParts    int
	// RequestsPerSecond that the vendor documents for one account.
	RequestsPerSecond float64
	// Concurrency is how many requests at once are sensible for one connection.
	Concurrency int
}
