package subject

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"reflect"
)

// digest is a number that is the same for answers which are deeply equal, in every process.
func digest(answer any) (uint64, error) {
	d := digester{}
	if err := d.add(reflect.ValueOf(answer), 0); err != nil {
		return 0, err
	}
	h := fnv.New64a()
	_, _ = h.Write(d.bytes)
	return h.Sum64() &^ (1 << 63), nil // no Failure
}

// A noDigest says why answers cannot be compared.
type noDigest string

func (e noDigest) Error() string { return string(e) }

// deepest is how many pointers and containers may lie in each other: beyond it a value is
// taken to hold itself.
const deepest = 100

// digester writes values down.
type digester struct{ bytes []byte }

func (d *digester) number(n uint64) { d.bytes = binary.LittleEndian.AppendUint64(d.bytes, n) }

func (d *digester) text(s string) {
	d.number(uint64(len(s)))
	d.bytes = append(d.bytes, s...)
}

func (d *digester) add(v reflect.Value, depth int) error {
	if depth > deepest {
		return noDigest("its answers hold themselves, or too much: return something simpler, so that they can be checked")
	}
	switch v.Kind() {
	case reflect.Invalid: // a nil interface
		d.number(0)
	case reflect.Bool:
		if v.Bool() {
			d.number(1)
		} else {
			d.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		d.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		d.number(math.Float64bits(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		d.number(math.Float64bits(real(v.Complex())))
		d.number(math.Float64bits(imag(v.Complex())))
	case reflect.String:
		d.text(v.String())
	case reflect.Pointer, reflect.Interface:
		return d.behind(v, depth)
	case reflect.Array, reflect.Slice:
		return d.elements(v, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if err := d.add(v.Field(i), depth+1); err != nil {
				return err
			}
		}
	case reflect.Map:
		return d.pairs(v, depth)
	default:
		return noDigest(fmt.Sprintf("its answers hold a %s, which cannot be compared: return something simpler, so that they can be checked", v.Kind()))
	}
	return nil
}

func (d *digester) behind(v reflect.Value, depth int) error {
	if v.IsNil() {
		d.number(0)
		return nil
	}
	d.number(1)
	if v.Kind() == reflect.Interface {
		d.text(v.Elem().Type().String())
	}
	return d.add(v.Elem(), depth+1)
}

func (d *digester) elements(v reflect.Value, depth int) error {
	d.number(uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
		d.bytes = append(d.bytes, v.Bytes()...)
		return nil
	}
	for i := range v.Len() {
		if err := d.add(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pairs adds up the digests of all pairs: a map has no order.
func (d *digester) pairs(v reflect.Value, depth int) error {
	sum := uint64(0)
	for all := v.MapRange(); all.Next(); {
		one := digester{}
		if err := one.add(all.Key(), depth+1); err != nil {
			return err
		}
		if err := one.add(all.Value(), depth+1); err != nil {
			return err
		}
		h := fnv.New64a()
		_, _ = h.Write(one.bytes)
		sum += h.Sum64()
	}
	d.number(uint64(v.Len()))
	d.number(sum)
	return nil
}
