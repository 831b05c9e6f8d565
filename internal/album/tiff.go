package album

import (
	"encoding/binary"
	"fmt"
)

// tag is one entry of a TIFF directory (TIFF 6.0, section 2): its number, field
// type, count of values and the values in little-endian order.
type tag struct {
	id, kind uint16
	count    uint32
	value    []byte
}

func ascii(id uint16, s string) tag { return tag{id, 2, uint32(len(s)), []byte(s)} }

func short(id, v uint16) tag {
	return tag{id, 3, 1, binary.LittleEndian.AppendUint16(nil, v)}
}

func long(id uint16, v uint32) tag {
	return tag{id, 4, 1, binary.LittleEndian.AppendUint32(nil, v)}
}

// padded is how long the tag's value is outside of its entry: nothing up to four
// bytes, otherwise rounded up to a word.
func (t tag) padded() int {
	if len(t.value) <= 4 {
		return 0
	}
	return (len(t.value) + 1) &^ 1
}

func directorySize(tags []tag) int {
	n := 2 + 12*len(tags) + 4
	for _, t := range tags {
		n += t.padded()
	}
	return n
}

// appendDirectory appends the directory followed by the values that do not fit
// into their entries. tags are in ascending order of their numbers.
func appendDirectory(out []byte, tags []tag) []byte {
	outside := uint32(len(out) + 2 + 12*len(tags) + 4)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(tags)))
	var values []byte
	for _, t := range tags {
		out = binary.LittleEndian.AppendUint16(out, t.id)
		out = binary.LittleEndian.AppendUint16(out, t.kind)
		out = binary.LittleEndian.AppendUint32(out, t.count)
		if t.padded() == 0 {
			out = append(out, append(t.value, make([]byte, 4-len(t.value))...)...)
			continue
		}
		out = binary.LittleEndian.AppendUint32(out, outside+uint32(len(values)))
		values = append(values, t.value...)
		values = append(values, make([]byte, t.padded()-len(t.value))...)
	}
	out = binary.LittleEndian.AppendUint32(out, 0)
	return append(out, values...)
}

// xmp is a sidecar as photo tools write them, with a rating of 1-5.
func xmp(rating int) []byte {
	return fmt.Appendf(nil, `<?xpacket begin="%s" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
   xmp:Rating="%d" xmp:Label="Green"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
`, "\ufeff", rating)
}
