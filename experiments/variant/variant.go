// Package variant names what is measured.
//
// A variant is an ordered list of key=value parts, joined by slashes:
// "workload=primes/model=gil/workers=4". That one string is the name of a
// sub-benchmark of go test, the argument of a trial and the key in a result
// file, and it is what benchstat's -row and -col select by. Values hold no
// slash, no space and no equals sign.
package variant

import (
	"fmt"
	"strconv"
	"strings"
)

// A Variant is a parsed name. The zero value names nothing.
type Variant struct{ parts []part }

type part struct{ key, value string }

// New builds a variant from alternating keys and values.
func New(pairs ...string) Variant {
	var v Variant
	for i := 0; i+1 < len(pairs); i += 2 {
		v = v.With(pairs[i], pairs[i+1])
	}
	return v
}

// Parse reads a name. It returns an error that names the part that is not of
// the form key=value.
func Parse(name string) (Variant, error) {
	var v Variant
	for text := range strings.SplitSeq(name, "/") {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" || value == "" || strings.ContainsAny(value, "= \t\n") || strings.ContainsAny(key, " \t\n") {
			return Variant{}, fmt.Errorf("variant %q: part %q is not of the form key=value", name, text)
		}
		if v.Get(key) != "" {
			return Variant{}, fmt.Errorf("variant %q: key %q stands there twice", name, key)
		}
		v.parts = append(v.parts, part{key, value})
	}
	return v, nil
}

// String is the name that Parse reads.
func (v Variant) String() string {
	texts := make([]string, len(v.parts))
	for i, p := range v.parts {
		texts[i] = p.key + "=" + p.value
	}
	return strings.Join(texts, "/")
}

// Get returns the value of key, "" if the variant has no such part.
func (v Variant) Get(key string) string {
	for _, p := range v.parts {
		if p.key == key {
			return p.value
		}
	}
	return ""
}

// Int returns the value of key as a whole number, or the given default when
// the variant has no such part.
func (v Variant) Int(key string, otherwise int) (int, error) {
	text := v.Get(key)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("variant %q: %s=%s is not a whole number", v, key, text)
	}
	if plain := strconv.Itoa(n); text != plain {
		return 0, fmt.Errorf("variant %q: write %s=%s, so that it has one name", v, key, plain)
	}
	return n, nil
}

// Keys lists the keys in their order.
func (v Variant) Keys() []string {
	keys := make([]string, len(v.parts))
	for i, p := range v.parts {
		keys[i] = p.key
	}
	return keys
}

// With returns a copy in which key has the given value, in its old place if it
// had one, at the end if not.
func (v Variant) With(key, value string) Variant {
	parts := make([]part, len(v.parts), len(v.parts)+1)
	copy(parts, v.parts)
	for i := range parts {
		if parts[i].key == key {
			parts[i].value = value
			return Variant{parts}
		}
	}
	return Variant{append(parts, part{key, value})}
}

// Without returns a copy that lacks key.
func (v Variant) Without(key string) Variant {
	var parts []part
	for _, p := range v.parts {
		if p.key != key {
			parts = append(parts, p)
		}
	}
	return Variant{parts}
}
