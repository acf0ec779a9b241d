package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
)

// Encode gives the JSON that both backends store for a value, with every time
// in it in UTC and whole milliseconds. It fails on text that is not valid
// UTF-8, which encoding/json would alter without a word. v is not changed.
func Encode[T any](v T) ([]byte, error) {
	if hasTime(reflect.TypeFor[T]()) {
		p := reflect.ValueOf(&v).Elem() // v is this function's own copy
		normalise(p)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if replacedText(b) {
		return nil, fmt.Errorf("encode %T: %w", v, errText)
	}
	return b, nil
}

var errText = errors.New("text is not valid UTF-8")

// Decode reads what Encode wrote.
func Decode[T any](b []byte) (T, error) {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// Time gives t the way a store keeps it: UTC, whole milliseconds.
func Time(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// replacedText tells whether json.Marshal met invalid UTF-8. It writes such
// bytes as the escape \ufffd, and a real U+FFFD as its own three bytes.
func replacedText(b []byte) bool {
	escape := []byte(`\ufffd`)
	for i := 0; ; {
		j := bytes.Index(b[i:], escape)
		if j < 0 {
			return false
		}
		at, slashes := i+j, 0
		for k := at - 1; k >= 0 && b[k] == '\\'; k-- {
			slashes++
		}
		if slashes%2 == 0 { // else the text itself has a backslash here
			return true
		}
		i = at + len(escape)
	}
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	timeTypes sync.Map // reflect.Type → bool
)

// hasTime tells whether a value of type t can hold a time. It does not look
// behind interfaces, and documents are no recursive types.
func hasTime(t reflect.Type) bool {
	if v, ok := timeTypes.Load(t); ok {
		return v.(bool)
	}
	has := false
	switch t.Kind() {
	case reflect.Struct:
		if has = t == timeType; has {
			break
		}
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && hasTime(f.Type) {
				has = true
			}
		}
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		has = hasTime(t.Elem())
	}
	timeTypes.Store(t, has)
	return has
}

// normalise makes the times in v, which is settable, UTC and whole
// milliseconds. What v shares with the caller through a pointer, slice or map
// is copied first.
func normalise(v reflect.Value) {
	t := v.Type()
	if !hasTime(t) {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		if t == timeType {
			v.Set(reflect.ValueOf(Time(v.Interface().(time.Time))))
			return
		}
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				normalise(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(t.Elem())
			c.Elem().Set(v.Elem())
			normalise(c.Elem())
			v.Set(c)
		}
	case reflect.Slice:
		if !v.IsNil() {
			c := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(c, v)
			for i := range c.Len() {
				normalise(c.Index(i))
			}
			v.Set(c)
		}
	case reflect.Array:
		for i := range v.Len() {
			normalise(v.Index(i))
		}
	case reflect.Map:
		if !v.IsNil() {
			c := reflect.MakeMapWithSize(t, v.Len())
			for k, e := range v.Seq2() {
				n := reflect.New(t.Elem()).Elem()
				n.Set(e)
				normalise(n)
				c.SetMapIndex(k, n)
			}
			v.Set(c)
		}
	}
}
