package workbook

// Limits bound what a stranger's file may cost.
type Limits struct {
	// MaxBytes is the size of the file itself.
	MaxBytes int64
	// MaxEntries is the number of parts in the zip file.
	MaxEntries int
	// MaxUnzipped is the size of all parts together when unpacked; it is
	// counted while unpacking, since the sizes a zip file states can lie.
	MaxUnzipped int64
	// MaxRatio is how many times a part larger than 1 MB may grow.
	MaxRatio int64
	// MaxRows and MaxColumns bound where on a sheet anything may stand.
	MaxRows    int
	MaxColumns int
	// MaxTags is the number of XML tags in all parts together, which bounds
	// the memory the parsed file takes.
	MaxTags int64
	// MaxStrings is the number of shared texts, and MaxStyles that of cell
	// formats.
	MaxStrings, MaxStyles int
	// MaxSuppliers is the number of rows in a list of suppliers.
	MaxSuppliers int
}

// DefaultLimits are the limits of the service: 10 MB, 2,000 parts, 200 MB
// unpacked, 20,000 rows and 200 columns, half a million shared texts, the
// 65,490 cell formats that Excel can hold, and 10,000 suppliers in a list.
func DefaultLimits() Limits {
	return Limits{
		MaxBytes: 10 << 20, MaxEntries: 2000, MaxUnzipped: 200 << 20, MaxRatio: 200,
		MaxRows: 20_000, MaxColumns: 200, MaxTags: 6_000_000, MaxStrings: 500_000, MaxStyles: 65_490, MaxSuppliers: 10_000,
	}
}

// PublicLimits are those of files that anybody may send, without saying who
// they are: what a workbook of the service's own can need, and little more.
func PublicLimits() Limits {
	l := DefaultLimits()
	l.MaxUnzipped, l.MaxTags = 80<<20, 2_000_000
	return l
}
