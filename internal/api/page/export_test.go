package page

import "io/fs"

// Sources are the files of the page, as the tests were compiled with them: a run with -update
// changes those on the disk.
func Sources() fs.FS { return files }
