package album

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"time"
)

// photo is a JPEG: a soft sky, some lights out of focus, and grain, which is what
// makes a real photograph large.
type photo struct {
	seed  uint64
	shot  time.Time
	bytes int
}

// bytesPerPixel is about what the grain below costs at the quality used.
const bytesPerPixel = 0.52

func (p photo) jpeg() ([]byte, error) {
	width := int(math.Sqrt(float64(p.bytes)/bytesPerPixel*1.5)) &^ 15
	img := p.draw(max(width, 48), max(width*2/3&^15, 32))
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 92}); err != nil {
		return nil, err
	}
	return withEXIF(out.Bytes(), p.shot), nil
}

func (p photo) draw(w, h int) *image.YCbCr {
	rng := rand.New(rand.NewPCG(p.seed, 0))
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	cb, cr := 100+rng.IntN(56), 100+rng.IntN(56)
	for y := range h {
		sky := 210 - 130*y/h
		row := img.Y[y*img.YStride : y*img.YStride+w]
		for x := 0; x < w; x += 8 {
			grain := rng.Uint64()
			for i := range min(8, w-x) {
				row[x+i] = uint8(sky + int(grain>>(8*i)&63) - 32)
			}
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(cb), uint8(cr)
	}
	for range 12 {
		light(img, rng.IntN(w), rng.IntN(h), w/40+rng.IntN(w/20+1), uint8(rng.IntN(256)))
	}
	return img
}

// light brightens a disc, as a lamp out of focus does.
func light(img *image.YCbCr, cx, cy, r int, tint uint8) {
	for y := max(cy-r, 0); y < min(cy+r, img.Rect.Dy()); y++ {
		for x := max(cx-r, 0); x < min(cx+r, img.Rect.Dx()); x++ {
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) > r*r {
				continue
			}
			i := img.YOffset(x, y)
			img.Y[i] = uint8(min(255, int(img.Y[i])+40))
			img.Cb[img.COffset(x, y)] = tint
		}
	}
}

// withEXIF inserts an APP1 segment with an Exif block right after the start of
// the image (Exif 2.32, section 4.5.4).
func withEXIF(img []byte, shot time.Time) []byte {
	tiff := exif(shot)
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(2+6+len(tiff)))
	segment = append(append(segment, "Exif\x00\x00"...), tiff...)
	out := make([]byte, 0, len(img)+len(segment))
	out = append(out, img[:2]...)
	out = append(out, segment...)
	return append(out, img[2:]...)
}

// exif is a little-endian TIFF with the camera in IFD0 and the time of exposure
// in the Exif IFD.
func exif(shot time.Time) []byte {
	when := shot.Format("2006:01:02 15:04:05") + "\x00"
	ifd0 := []tag{
		ascii(0x010F, "WedSync\x00"), ascii(0x0110, "Demo Camera\x00"),
		short(0x0112, 1), ascii(0x0132, when), long(0x8769, 0),
	}
	sub := []tag{ascii(0x9003, when), ascii(0x9004, when), short(0x8827, 800)}
	const start = 8
	ifd0[4] = long(0x8769, uint32(start+directorySize(ifd0)))
	out := append([]byte{'I', 'I', 42, 0}, binary.LittleEndian.AppendUint32(nil, start)...)
	out = appendDirectory(out, ifd0)
	return appendDirectory(out, sub)
}

// raw is an uncompressed RGB image in a TIFF container with the DNG version tag:
// of the size and structure of a RAW file, though no camera made it.
type raw struct {
	seed  uint64
	shot  time.Time
	bytes int
}

func (r raw) dng() ([]byte, error) {
	width := int(math.Sqrt(float64(r.bytes)/3*1.5)) &^ 7
	height := max(width*2/3, 1)
	size := width * height * 3
	if width == 0 {
		return nil, fmt.Errorf("%d bytes are too few", r.bytes)
	}
	when := r.shot.Format("2006:01:02 15:04:05") + "\x00"
	tags := []tag{
		long(0x0100, uint32(width)), long(0x0101, uint32(height)),
		short(0x0102, 8), short(0x0103, 1), short(0x0106, 2),
		ascii(0x010F, "WedSync\x00"), ascii(0x0110, "Demo Camera\x00"),
		long(0x0111, 0), short(0x0112, 1), short(0x0115, 3),
		long(0x0116, uint32(height)), long(0x0117, uint32(size)),
		ascii(0x0132, when), {0xC612, 1, 4, []byte{1, 4, 0, 0}},
	}
	// One count of 8 bits stands for each of the three samples.
	tags[2] = tag{0x0102, 3, 3, []byte{8, 0, 8, 0, 8, 0}}
	const start = 8
	tags[7] = long(0x0111, uint32(start+directorySize(tags)))
	out := append(make([]byte, 0, size+512), 'I', 'I', 42, 0)
	out = appendDirectory(binary.LittleEndian.AppendUint32(out, start), tags)
	rng := rand.New(rand.NewPCG(r.seed, 1))
	for range size / 8 {
		out = binary.LittleEndian.AppendUint64(out, rng.Uint64()&0x7F7F7F7F7F7F7F7F)
	}
	return append(out, make([]byte, size%8)...), nil
}
