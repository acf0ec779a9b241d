package storage

import (
	"runtime"
	"sync"
)

// decodePart is how many documents one goroutine decodes at a time.
const decodePart = 64

// Decoder decodes a list of documents, long ones on all processors: most of
// the time that reading a list takes goes into this. The zero value is ready.
// Only one goroutine may use it.
type Decoder[T any] struct {
	parts []*decoded[T]
	raw   [][]byte // the documents of the next part
	slots chan struct{}
	wait  sync.WaitGroup
}

type decoded[T any] struct {
	values []T
	err    error
}

// Add takes the next document; doc may be used for something else afterwards.
func (d *Decoder[T]) Add(doc []byte) {
	d.raw = append(d.raw, append([]byte(nil), doc...))
	if len(d.raw) < decodePart {
		return
	}
	if d.slots == nil {
		d.slots = make(chan struct{}, runtime.GOMAXPROCS(0))
	}
	raw, part := d.raw, &decoded[T]{}
	d.raw, d.parts = nil, append(d.parts, part)
	d.slots <- struct{}{} // not faster than they are decoded, for memory's sake
	d.wait.Go(func() {
		part.decode(raw)
		<-d.slots
	})
}

func (p *decoded[T]) decode(raw [][]byte) {
	p.values = make([]T, 0, len(raw))
	for _, doc := range raw {
		v, err := Decode[T](doc)
		if err != nil {
			p.err = err
			return
		}
		p.values = append(p.values, v)
	}
}

// Values gives the decoded values in the order they were added: an empty list,
// not nil, if there were none. The decoder is then used up.
func (d *Decoder[T]) Values() ([]T, error) {
	last := &decoded[T]{}
	last.decode(d.raw)
	d.wait.Wait()
	if len(d.parts) == 0 {
		return last.values, last.err
	}
	all := make([]T, 0, len(d.parts)*decodePart+len(last.values))
	for _, p := range append(d.parts, last) {
		if p.err != nil {
			return nil, p.err
		}
		all = append(all, p.values...)
	}
	return all, nil
}
