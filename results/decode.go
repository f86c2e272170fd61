package results

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// packed are the beginnings of files that hold no text, with what they are and
// how to get at what is in them.
var packed = []struct{ magic, name, unpack string }{
	{"\x28\xb5\x2f\xfd", "zstd", "zstd -d"},
	{"\xfd7zXZ\x00", "xz", "xz -d"},
	{"BZh", "bzip2", "bzip2 -d"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -d"},
	{"\x02\x21\x4c\x18", "lz4", "lz4 -d"},
	{"\x1f\x9d", "compress", "uncompress"},
	{"LZIP", "lzip", "lzip -d"},
	{"\x89LZO", "lzop", "lzop -d"},
	{"PK\x03\x04", "zip", "unzip"},
	{"PK\x05\x06", "zip", "unzip"},
	{"7z\xbc\xaf\x27\x1c", "7z", "7z x"},
	{"Rar!", "rar", "unrar x"},
}

const gzipMagic = "\x1f\x8b"

// sniffed is how much of a file is looked at to tell what it is.
const sniffed = 8 << 10

// decode turns a file into text: it unpacks gzip and turns UTF-16 and UTF-32 into UTF-8. What
// it cannot turn into text is an error that names it. kind is what it was, "" if it
// was text. note is told what was wrong at the end of what is packed.
func decode(r io.Reader, most int64, note func(string)) (text *bufio.Reader, kind string, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := peek(in)
	if err != nil {
		return nil, "", err
	}
	if bytes.HasPrefix(head, []byte(gzipMagic)) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, "", fmt.Errorf("it begins as gzip does and is not: %w", err)
		}
		kind, in = "gzip", bufio.NewReaderSize(&unpacked{Reader: z, note: note}, 64<<10)
		if head, err = peek(in); err != nil {
			return nil, "", err
		}
		if bytes.HasPrefix(head, []byte(gzipMagic)) {
			return nil, "", errors.New("it is gzip within gzip: unpack it first (gzip -d)")
		}
	}
	if err := isText(head); err != nil {
		return nil, "", err
	}
	from := io.Reader(&bounded{Reader: in, left: most})
	if name, wide := wideText(head); wide != nil {
		kind, from = name, wide.NewDecoder().Reader(from)
	}
	return bufio.NewReaderSize(from, 64<<10), kind, nil
}

// peek returns the beginning. An end of the file is no error here; nor is any other
// one if something came before it.
func peek(in *bufio.Reader) ([]byte, error) {
	// What comes through a pipe comes in parts: the first has to do.
	if _, err := in.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	if in.Buffered() < 512 {
		_, _ = in.Peek(512)
	}
	head, _ := in.Peek(min(in.Buffered(), sniffed))
	return head, nil
}

// isText says why the beginning of a file is not that of a text.
func isText(head []byte) error {
	for _, p := range packed {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return fmt.Errorf("it is packed (%s): unpack it first (%s)", p.name, p.unpack)
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return errors.New("it is an archive (tar): unpack it first (tar -x)")
	}
	if _, wide := wideText(head); wide != nil {
		return nil
	}
	text := head
	if lines := bytes.TrimRight(head, "\x00"); bytes.IndexByte(lines, '\n') >= 0 {
		text = lines // zeros at the end are the hole that a crash left: their line is named
	}
	switch zeros := bytes.Count(text, []byte{0}); {
	case zeros > 0 && zeros == len(text):
		return errors.New("it holds zero bytes, and no text: it is damaged")
	case zeros > len(text)/8:
		return errors.New("it is no text: it holds zero bytes")
	}
	return nil
}

// wideText tells text whose characters have two or four bytes each; nil if it is none.
func wideText(head []byte) (kind string, of encoding.Encoding) {
	if order, ok := utf32Order(head); ok {
		return "UTF-32", utf32.UTF32(order, utf32.IgnoreBOM)
	}
	if order, ok := utf16(head); ok {
		return "UTF-16", unicode.UTF16(order, unicode.IgnoreBOM)
	}
	return "", nil
}

// utf32Order tells text in UTF-32, whether it has its mark or not: three of four bytes
// of ASCII are zero then.
func utf32Order(head []byte) (order utf32.Endianness, ok bool) {
	if len(head) < 8 {
		return order, false
	}
	var zeros [4]int
	quarter := len(head) / 4
	for i, b := range head[:4*quarter] {
		if b == 0 {
			zeros[i%4]++
		}
	}
	switch {
	case zeros[2] == quarter && zeros[3] == quarter && zeros[1] > quarter/2 && zeros[0] == 0,
		bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) && zeros[3] == quarter:
		return utf32.LittleEndian, true
	case zeros[0] == quarter && zeros[1] == quarter && zeros[2] > quarter/2 && zeros[3] == 0,
		bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")) && zeros[0] == quarter:
		return utf32.BigEndian, true
	}
	return order, false
}

// utf16 tells text in UTF-16, whether it has its mark or not: most of what is read
// here is ASCII, of which every second byte is zero then.
func utf16(head []byte) (order unicode.Endianness, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.BigEndian, true
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half < 2:
		return order, false
	case zeros[1] > half/2 && zeros[0] < half/8:
		return unicode.LittleEndian, true
	case zeros[0] > half/2 && zeros[1] < half/8:
		return unicode.BigEndian, true
	}
	return order, false
}

// unpacked reads gzip and makes an end of what ends it wrongly.
type unpacked struct {
	*gzip.Reader
	note func(string)
	any  bool
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.any = u.any || n > 0
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, errStopped):
		return n, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		u.note("the gzip file was cut off: what could be unpacked is used")
	case errors.Is(err, gzip.ErrHeader) && u.any:
		u.note("behind the gzip file stands something else, which is not read")
	default:
		u.note("the gzip file is damaged (" + err.Error() + "): only what stands before that is used")
	}
	return n, io.EOF
}

// bounded ends with an error where more is to come.
type bounded struct {
	io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Reader.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

var errTooMuch = fmt.Errorf("it holds more text than the %d GB that are read: it is damaged, or several runs", mostText>>30)
