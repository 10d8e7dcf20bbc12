package promptfile

import (
	"path"
	"strings"
)

// System reports whether a key is of a file that people don't upload on purpose: files that
// macOS and Windows leave in folders, lock and owner files of office programs, and empty
// objects that consoles and Hadoop create for folders. Such files start nothing, and aren't
// rejected either. Case is ignored.
func System(key string) bool {
	name := strings.ToLower(path.Base(key))
	switch {
	case strings.HasSuffix(key, "/"), // a folder
		strings.HasSuffix(name, "_$folder$"),
		strings.HasPrefix(name, "._"), // AppleDouble: the resource fork of a file
		strings.HasPrefix(name, "~$"), strings.HasPrefix(name, ".~lock."):
		return true
	}
	for folder := range strings.SplitSeq(path.Dir(key), "/") {
		switch strings.ToLower(folder) {
		case "__macosx", ".appledouble", ".spotlight-v100", ".trashes", ".fseventsd", "$recycle.bin", "system volume information", "@eadir":
			return true
		}
	}
	switch name {
	case ".ds_store", ".localized", "icon\r", "thumbs.db", "ehthumbs.db", "desktop.ini":
		return true
	}
	return false
}
