package album

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say how large an album is made.
type Options struct {
	// Photos is the number of JPEGs, RAWs that of RAW-like files. Every tenth photo
	// gets an XMP sidecar.
	Photos, RAWs int
	// MinBytes and MaxBytes bound the size of a JPEG, roughly; RAWBytes is the size
	// of a RAW-like file.
	MinBytes, MaxBytes, RAWBytes int
	// Day is when the wedding was shot.
	Day time.Time
	// Progress, if set, is told after each file, from several goroutines.
	Progress func(done, total int)
}

// Wedding returns the options of a small real wedding: 132 photos of 2-8 MB, 4
// RAW-like files of 25 MB and 13 sidecars.
func Wedding(day time.Time) Options {
	return Options{Photos: 132, RAWs: 4, MinBytes: 2 << 20, MaxBytes: 8 << 20, RAWBytes: 25_000_000, Day: day}
}

// moments are the folders of the day and the name each gives its files. Spaces,
// accents, emoji and names that differ only in case are meant: folders hold them.
var moments = []struct{ folder, name string }{
	{"01 Getting Ready", "IMG_%04d.jpg"},
	{"02 Cérémonie", "Cérémonie à l’église %03d.jpg"},
	{"03 Portraits", "_DSC%04d.JPG"},
	{"04 Réception 🎉", "party 🥂 %03d.jpeg"},
	{"05 Details", "Brautstrauß & Ringe %03d.jpg"},
}

// file is one file of the album before it is made.
type file struct {
	path string
	make func() ([]byte, error)
	shot time.Time
}

// Make writes an album below dir, which must not hold one yet. The same options
// give the same bytes. Existing files are never overwritten.
func Make(ctx context.Context, dir string, o Options) error {
	if o.Photos < 0 || o.RAWs < 0 || o.MinBytes > o.MaxBytes {
		return errors.New("album: sizes and counts must not be negative or crossed")
	}
	files := o.files()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	var done atomic.Int32
	for _, f := range files {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f.write(dir); err != nil {
				return fmt.Errorf("album: %w", err)
			}
			if o.Progress != nil {
				o.Progress(int(done.Add(1)), len(files))
			}
			return nil
		})
	}
	return group.Wait()
}

func (o Options) files() []file {
	var files []file
	for i := range o.Photos {
		moment := moments[i*len(moments)/max(o.Photos, 1)]
		shot := o.Day.Add(10*time.Hour + time.Duration(i)*4*time.Minute)
		p := photo{seed: uint64(i + 1), shot: shot, bytes: o.photoBytes(i)}
		path := filepath.Join(moment.folder, fmt.Sprintf(moment.name, i+1))
		files = append(files, file{path, p.jpeg, shot})
		if i%10 == 0 {
			sidecar := path[:len(path)-len(filepath.Ext(path))] + ".xmp"
			files = append(files, file{sidecar, func() ([]byte, error) { return xmp(1 + i%5), nil }, shot})
		}
	}
	if o.Photos >= 2 {
		// Two photos whose names differ only in case.
		for i, name := range []string{"First Dance.jpg", "first dance.jpg"} {
			shot := o.Day.Add(22*time.Hour + time.Duration(i)*time.Second)
			p := photo{seed: uint64(9000 + i), shot: shot, bytes: o.MinBytes}
			files = append(files, file{filepath.Join(moments[3].folder, name), p.jpeg, shot})
		}
	}
	for i := range o.RAWs {
		shot := o.Day.Add(12*time.Hour + time.Duration(i)*time.Minute)
		r := raw{seed: uint64(5000 + i), shot: shot, bytes: o.RAWBytes}
		files = append(files, file{filepath.Join("RAW", fmt.Sprintf("_RAW%04d.DNG", i+1)), r.dng, shot})
	}
	return files
}

// photoBytes spreads the sizes evenly between the bounds, in no visible order.
func (o Options) photoBytes(i int) int {
	return o.MinBytes + (i*7919)%997*(o.MaxBytes-o.MinBytes)/997
}

func (f file) write(dir string) error {
	path := filepath.Join(dir, f.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	content, err := f.make()
	if err != nil {
		return fmt.Errorf("make %s: %w", f.path, err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) && foldsCase(dir) {
		return nil // the second of two names that this file system takes for one
	}
	if err != nil {
		return err
	}
	_, werr := out.Write(content)
	if err := errors.Join(werr, out.Close()); err != nil {
		return err
	}
	return os.Chtimes(path, f.shot, f.shot)
}

// foldsCase reports whether the file system takes names that differ in case for
// the same.
func foldsCase(dir string) bool {
	upper, err1 := os.Stat(filepath.Join(dir, moments[3].folder, "First Dance.jpg"))
	lower, err2 := os.Stat(filepath.Join(dir, moments[3].folder, "first dance.jpg"))
	return err1 == nil && err2 == nil && os.SameFile(upper, lower)
}
