package catalogue

// Provider gives the content in force. It may be another one the next time, when
// editors publish; whoever needs one consistent view takes it once.
type Provider interface {
	Content() *Catalogue
}

// Content lets a catalogue that never changes be its own provider.
func (c *Catalogue) Content() *Catalogue { return c }
