package catalogue

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads and checks the whole content below fsys: sources.yaml,
// levels.yaml, and the YAML files of tasks, information-types, measures,
// themes and sets, and the releases. The error is a [Faults] with everything
// that is wrong, so that it can be mended in one go.
func Load(fsys fs.FS) (*Catalogue, error) {
	l := newLoader(fsys)
	if err := l.all(); err != nil {
		return nil, err
	}
	return l.cat, nil
}

// all reads and checks everything.
func (l *loader) all() error {
	l.sources()
	l.levels()
	l.tasks()
	l.information()
	l.measures()
	l.themes()
	l.sets()
	l.unlinked()
	l.cat.index()
	l.references()
	l.releases()
	if len(l.faults) > 0 {
		slices.SortStableFunc(l.faults, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
		return l.faults
	}
	return nil
}

type place struct {
	file string
	node *yaml.Node
}

type loader struct {
	reader
	// cat stands by itself: were it a part of the loader, whoever keeps it would
	// keep every YAML node.
	cat *Catalogue
	at  map[string]place // by kind + id
}

func newLoader(fsys fs.FS) *loader {
	return &loader{reader: reader{fsys: fsys}, cat: &Catalogue{}, at: map[string]place{}}
}

// files lists the YAML files of a folder in name order.
func (l *loader) files(dir string) []string {
	names, err := fs.Glob(l.fsys, dir+"/*.yaml")
	if err != nil || len(names) == 0 {
		l.fault(dir, 0, "no-files", nil)
	}
	return names
}

var idForms = map[string]pattern{
	"source":      matching(`^[a-zæøå0-9][a-zæøå0-9.-]*$`),
	"task":        matching(`^(fag|stotte)\.[a-z0-9-]+$`),
	"information": matching(`^[a-z0-9]+(-[a-z0-9]+)*$`),
	"measure":     matching(`^T-[A-Z]+-[0-9]{2}$`),
	"requirement": matching(`^K-[A-Z]+-[0-9]{2}$`),
	"theme":       matching(`^[A-Z]+$`),
	"set":         matching(`^[a-z0-9]+(-[a-z0-9]+)*$`),
}

// claim notes where an id stands and checks its form and that it is new.
func (l *loader) claim(kind, id, file string, node *yaml.Node) {
	line := lineOf(node, id)
	if !idForms[kind]().MatchString(id) {
		l.fault(file, line, "id-form", map[string]any{"ID": id, "Detail": idForms[kind]().String()})
	}
	if other, dup := l.at[kind+" "+id]; dup {
		l.fault(file, line, "duplicate-id", map[string]any{"ID": id, "Other": fmt.Sprintf("%s:%d", other.file, lineOf(other.node, id))})
		return
	}
	l.at[kind+" "+id] = place{file, node}
}

func nodeAt(nodes []*yaml.Node, i int) *yaml.Node {
	if i < len(nodes) {
		return nodes[i]
	}
	return &yaml.Node{Line: 1}
}

func (l *loader) sources() {
	var f struct {
		Sources []Source `yaml:"sources"`
	}
	nodes := items(l.read("sources.yaml", &f), "sources")
	for i, s := range f.Sources {
		l.claim("source", s.ID, "sources.yaml", nodeAt(nodes, i))
		l.oneOf("sources.yaml", nodeAt(nodes, i), s.Kind, "law", "standard", "guidance", "framework")
	}
	l.cat.Sources = f.Sources
}

func (l *loader) levels() {
	var f struct {
		Levels []LevelDescription `yaml:"levels"`
	}
	root := l.read("levels.yaml", &f)
	l.cat.Levels = f.Levels
	if root == nil {
		return
	}
	for i, d := range f.Levels {
		if int(d.Level) != i+1 {
			l.fault("levels.yaml", nodeAt(items(root, "levels"), i).Line, "level-order", map[string]any{"Value": int(d.Level)})
		}
	}
	if len(f.Levels) != int(Critical) {
		l.fault("levels.yaml", root.Line, "level-order", map[string]any{"Value": len(f.Levels)})
	}
}

func (l *loader) tasks() {
	for _, file := range l.files("tasks") {
		var f struct {
			Tasks []Task `yaml:"tasks"`
		}
		nodes := items(l.read(file, &f), "tasks")
		for i, t := range f.Tasks {
			n := nodeAt(nodes, i)
			l.claim("task", t.ID, file, n)
			l.graded(file, n, t.Levels)
			for _, s := range t.Sectors {
				l.oneOf(file, n, string(s), string(SectorAll), string(SectorCounty), string(SectorMunicipality), string(SectorState))
			}
			l.notEmpty(file, n, "sectors", len(t.Sectors))
		}
		l.cat.Tasks = append(l.cat.Tasks, f.Tasks...)
	}
}

func (l *loader) information() {
	for _, file := range l.files("information-types") {
		var f struct {
			InformationTypes []InformationType `yaml:"informationTypes"`
		}
		nodes := items(l.read(file, &f), "informationTypes")
		for i, t := range f.InformationTypes {
			n := nodeAt(nodes, i)
			l.claim("information", t.ID, file, n)
			l.graded(file, n, t.Levels)
			l.oneOf(file, n, string(t.PersonalData), string(PersonalNone), string(PersonalOrdinary), string(PersonalSpecial))
		}
		l.cat.InformationTypes = append(l.cat.InformationTypes, f.InformationTypes...)
	}
}

func (l *loader) measures() {
	for _, file := range l.files("measures") {
		var f struct {
			Measures []Measure `yaml:"measures"`
		}
		nodes := items(l.read(file, &f), "measures")
		for i, m := range f.Measures {
			n := nodeAt(nodes, i)
			l.claim("measure", m.ID, file, n)
			l.thresholds(file, n, m.From)
			l.oneOf(file, n, string(m.Carrier), string(CarrierAgency), string(CarrierShared), string(CarrierSupplier))
		}
		l.cat.Measures = append(l.cat.Measures, f.Measures...)
	}
}

func (l *loader) themes() {
	for _, file := range l.files("themes") {
		var t Theme
		root := l.read(file, &t)
		if root == nil {
			continue
		}
		l.claim("theme", t.ID, file, root)
		nodes := items(root, "requirements")
		for i, r := range t.Requirements {
			n := nodeAt(nodes, i)
			l.claim("requirement", r.ID, file, n)
			if !strings.HasPrefix(r.ID, "K-"+t.ID+"-") {
				l.fault(file, lineOf(n, r.ID), "requirement-theme", map[string]any{"ID": r.ID, "Value": t.ID})
			}
			l.requirement(file, n, r)
		}
		l.cat.Themes = append(l.cat.Themes, t)
	}
}

func (l *loader) requirement(file string, n *yaml.Node, r Requirement) {
	l.thresholds(file, n, r.From)
	l.oneOf(file, n, string(r.Kind), string(KindContractTerm), string(KindQualification), string(KindRequirement))
	l.oneOf(file, n, string(r.Suggested), string(SuggestedAbsolute), string(SuggestedEvaluated))
	l.notEmpty(file, n, "deliveryModels", len(r.DeliveryModels))
	l.notEmpty(file, n, "measures", len(r.Measures))
	l.models(file, n, r.DeliveryModels)
	for _, e := range r.Evidence {
		l.oneOf(file, n, string(e), strs(EvidenceKinds())...)
	}
}

func (l *loader) sets() {
	for _, file := range l.files("sets") {
		var s Set
		root := l.read(file, &s)
		if root == nil {
			continue
		}
		l.claim("set", s.ID, file, root)
		l.models(file, root, s.DeliveryModels)
		l.notEmpty(file, root, "requirements", len(s.Requirements))
		for _, f := range s.When {
			l.oneOf(file, root, string(f), strs(Flags())...)
		}
		l.cat.Sets = append(l.cat.Sets, s)
	}
}

const unlinkedFile = "unlinked.yaml"

// unlinked is optional: small content has nothing to explain.
func (l *loader) unlinked() {
	var f struct {
		Unlinked []Unlinked `yaml:"unlinked"`
	}
	if !l.exists(unlinkedFile) {
		return
	}
	root := l.read(unlinkedFile, &f)
	for i, u := range f.Unlinked {
		if _, ok := l.at["source "+u.Source]; !ok {
			n := nodeAt(items(root, "unlinked"), i)
			l.fault(unlinkedFile, lineOf(n, u.Source), "dangling", map[string]any{"ID": u.ID, "Value": u.Source})
		}
	}
	l.cat.Unlinked = f.Unlinked
}

func (l *loader) models(file string, n *yaml.Node, models []DeliveryModel) {
	for _, m := range models {
		l.oneOf(file, n, string(m), strs(DeliveryModels())...)
	}
}

func (l *loader) oneOf(file string, n *yaml.Node, value string, known ...string) {
	if value != "" && !slices.Contains(known, value) {
		l.fault(file, lineOf(n, value), "unknown-value", map[string]any{"Value": value, "Near": strings.Join(known, ", ")})
	}
}

func (l *loader) notEmpty(file string, n *yaml.Node, key string, length int) {
	if length == 0 {
		l.fault(file, n.Line, "empty-list", map[string]any{"Key": key})
	}
}

func (l *loader) graded(file string, n *yaml.Node, g GradedLevels) {
	for _, d := range Dimensions() {
		if !g.Of(d).Level.Valid() {
			l.fault(file, lineOf(n, string(d)), "level", map[string]any{"Key": string(d), "Value": int(g.Of(d).Level)})
		}
	}
}

func (l *loader) thresholds(file string, n *yaml.Node, v Levels) {
	for _, d := range Dimensions() {
		if v.Of(d) != 0 && !v.Of(d).Valid() {
			l.fault(file, lineOf(n, string(d)), "level", map[string]any{"Key": string(d), "Value": int(v.Of(d))})
		}
	}
	if v.Overall() == 0 {
		l.fault(file, lineOf(n, "from"), "never-applies", nil)
	}
}

func strs[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
