// Package requirements holds the shared content as files: tasks, information
// types, levels, measures, sources, requirements by theme, sets, and the
// frozen releases. The texts are this project's own proposal. Package
// catalogue reads and checks them.
//
//go:generate go test ../internal/catalogue -run TestCoverageTableIsUpToDate -update
package requirements

import "embed"

// FS is the content as it was when the program was built.
//
//go:embed sources.yaml levels.yaml unlinked.yaml tasks information-types measures themes sets releases
var FS embed.FS
