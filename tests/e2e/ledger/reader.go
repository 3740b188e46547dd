// Reads ledgers with Go's own implementation of notes and tiles (golang.org/x/mod/sumdb), which shares no line with crates/ledger.
//
//	reader                      a stream of altered logs on standard input (crates/ledger/examples/alterations.rs): all must be found
//	reader DIR VKEY CHECKPOINT  one folder beside a checkpoint that was kept elsewhere
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// C2SP tlog-tiles: 256 hashes a tile.
const height = 8

func main() {
	var err error
	switch len(os.Args) {
	case 1:
		err = stream(bufio.NewReaderSize(os.Stdin, 1<<20))
	case 4:
		err = folder(os.Args[1], os.Args[2], os.Args[3])
	default:
		err = errors.New("usage: reader [DIR VKEY CHECKPOINT]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
}

// stream checks case after case; it fails where one is judged wrongly, or where there are none.
func stream(in *bufio.Reader) error {
	intact, altered, wrong := 0, map[string]int{}, 0
	for {
		if _, err := in.Peek(1); err == io.EOF {
			break
		}
		name, vkey, kept, files, err := next(in)
		if err != nil {
			return err
		}
		problem := check(files, vkey, kept)
		if name == "intact" {
			intact++
		} else {
			altered[name]++
		}
		if (problem == nil) != (name == "intact") {
			wrong++
			fmt.Printf("WRONG: %s: %v\n", name, problem)
		}
	}
	all := 0
	for name, count := range altered {
		all += count
		fmt.Printf("%7d  %s\n", count, name)
	}
	fmt.Printf("%d intact logs and %d altered ones read, %d judged wrongly\n", intact, all, wrong)
	if wrong > 0 || intact == 0 || all == 0 {
		return errors.New("not all were judged rightly")
	}
	return nil
}

func next(in io.Reader) (name, vkey string, kept []byte, files map[string][]byte, err error) {
	field := func() []byte {
		var length uint32
		if err == nil {
			err = binary.Read(in, binary.BigEndian, &length)
		}
		text := make([]byte, length)
		if err == nil {
			_, err = io.ReadFull(in, text)
		}
		return text
	}
	name, vkey, kept = string(field()), string(field()), field()
	count, bad := strconv.Atoi(string(field()))
	if err == nil {
		err = bad
	}
	files = map[string][]byte{}
	for ; count > 0 && err == nil; count-- {
		path := string(field())
		files[path] = field()
	}
	return
}

func folder(dir, vkey, checkpoint string) error {
	kept, err := os.ReadFile(checkpoint)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err == nil {
			files[filepath.ToSlash(below)], err = os.ReadFile(path)
		}
		return err
	})
	if err == nil {
		err = check(files, vkey, kept)
	}
	if err == nil {
		fmt.Println("intact")
	}
	return err
}

// check recomputes everything from the entries and says what is wrong.
func check(files map[string][]byte, vkey string, kept []byte) error {
	if string(files["key.pub"]) != vkey+"\n" {
		return errors.New("another key in the folder")
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	size, root, err := head(files["checkpoint"], verifier)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	oldSize, oldRoot, err := head(kept, verifier)
	if err != nil {
		return fmt.Errorf("kept checkpoint: %w", err)
	}
	if oldSize > size {
		return fmt.Errorf("%d entries; there were %d", size, oldSize)
	}
	hashes, err := hashesOf(files, size)
	if err != nil {
		return err
	}
	for _, tree := range []struct {
		size int64
		root tlog.Hash
	}{{size, root}, {oldSize, oldRoot}} {
		found, err := tlog.TreeHash(tree.size, hashes)
		if err != nil || (tree.size > 0 && found != tree.root) {
			return fmt.Errorf("the root of %d entries is not what was signed (%v)", tree.size, err)
		}
	}
	tiles := tlog.NewTiles(height, 0, size)
	for at, tile := range tiles {
		// Every width that a tile had on the way is listed; a log keeps the last.
		if at+1 < len(tiles) && tiles[at+1].L == tile.L && tiles[at+1].N == tile.N {
			continue
		}
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		if path := pathOf(tile); !bytes.Equal(files[path], data) {
			return fmt.Errorf("%s is not the hashes of what lies below it", path)
		}
	}
	return nil
}

// head opens a checkpoint (C2SP tlog-checkpoint). Only the one form of base64 is taken, which note.Open alone does not ask for.
func head(text []byte, verifier note.Verifier) (int64, tlog.Hash, error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	for _, signature := range append(opened.Sigs, opened.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil || strings.ContainsAny(signature.Base64, "\r\n") {
			return 0, tlog.Hash{}, errors.New("a signature in another form of base64")
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return 0, tlog.Hash{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

// hashesOf reads all entries and keeps the hashes of every perfect subtree above them.
func hashesOf(files map[string][]byte, size int64) (tlog.HashReader, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, 0, len(indexes))
		for _, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, fmt.Errorf("no hash %d", index)
			}
			found = append(found, stored[index])
		}
		return found, nil
	})
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		path := pathOf(tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)})
		bundle, there := files[path]
		if !there {
			return nil, fmt.Errorf("%s is missing", path)
		}
		for number := first; number < first+width; number++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("entry %d is cut off", number)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			more, err := tlog.StoredHashesForRecordHash(number, tlog.RecordHash(bundle[2:end]), reader)
			if err != nil {
				return nil, err
			}
			stored, bundle = append(stored, more...), bundle[end:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("%s has more entries than it should", path)
		}
	}
	return reader, nil
}

// pathOf is C2SP's path: Go's has the height in it and calls the entries data.
func pathOf(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}
