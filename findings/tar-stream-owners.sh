#!/usr/bin/env bash
# Package:   tar-stream 3.2.2 (npm), against CPython's tarfile (seen on 3.11)
# Behaviour: owners change on both roads. Writing: each uid or gid above 262143 becomes 262143, although the header's field
#            holds up to 2097151. Reading: an owner that a PAX header carries (as `tar --format=posix` and Python write
#            one above 2097151) is 0 in header.uid; path, linkpath and size of the same PAX header do count.
# Expected:  300000 written as it is; 3000000 read as it is, for the README promises PAX headers and compatibility
#            with other tars. An error would do, too.
# Seen:      written 300000 read 262143   written 3000000 read 0
# Matters:   rootless engines map containers to such numbers (/etc/subuid gives the fourth user 296608 and up), and
#            directory services hand out numbers of ten digits. Layers that pass through this library belong to another user
#            afterwards, all of them to one and the same, or look like root's. Look into header.pax as well when reading.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix "$work" tar-stream@3.2.2

cat >write.js <<'JS'
const pack = require("tar-stream").pack();
pack.entry({ name: "file", uid: 300000 }, "text");
pack.finalize();
pack.pipe(process.stdout);
JS
cat >read.js <<'JS'
const extract = require("tar-stream").extract();
extract.on("entry", (header, stream, next) => {
  console.log("written 3000000 read", header.uid);
  stream.on("end", next).resume();
});
process.stdin.pipe(extract);
JS
cat >other.py <<'PY'
import sys
import tarfile

if sys.argv[1] == "read":
    with tarfile.open("small.tar") as archive:
        print("written 300000 read", archive.getmember("file").uid)
else:
    with tarfile.open("large.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("file")
        member.uid = 3000000
        archive.addfile(member)
PY
node write.js >small.tar
python3 other.py write
{ python3 other.py read && node read.js <large.tar; } | tee seen
if [[ $(<seen) != $'written 300000 read 262143\nwritten 3000000 read 0' ]]; then
  echo "changed: large owners are written or read otherwise" >&2
  exit 1
fi
