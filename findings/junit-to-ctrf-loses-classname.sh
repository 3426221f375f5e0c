#!/usr/bin/env bash
# Package:   junit-to-ctrf 0.0.14 (npm)
# Behaviour: classname goes nowhere: the CTRF name is "SUITE: NAME". Two cases that differ in classname alone become
#            two tests of one name, one failed and one passed. The reason of <skipped message=…> is lost as well.
# Expected:  the classname in the name, in `suite`, or in `extra`; the reason in `message`, where a failure's goes.
# Seen:      ["run: TestCopy failed broken","run: TestCopy passed -","run: TestMount skipped -"]
# Matters:   readers of JUnit key on classname + name, so writers put the worker or the cell into classname. After this
#            conversion a tool that keys on name sees one flaky test in place of one broken worker. Put what tells
#            two cases apart into the suite's name too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix "$work" junit-to-ctrf@0.0.14

cat >report.xml <<'XML'
<testsuites><testsuite name="run" tests="3" failures="1" errors="0" skipped="1">
  <testcase classname="worker=oci" name="TestCopy"><failure message="broken"/></testcase>
  <testcase classname="worker=containerd" name="TestCopy"/>
  <testcase classname="worker=oci" name="TestMount"><skipped message="needs a network"/></testcase>
</testsuite></testsuites>
XML
./node_modules/.bin/junit-to-ctrf report.xml -o ctrf.json >convert.log
if grep -qE 'worker=|needs a network' ctrf.json; then
  echo "changed: the classname or the reason for the skip is kept" >&2
  exit 1
fi
cat >show.js <<'JS'
const { tests } = require("./ctrf.json").results;
console.log(JSON.stringify(tests.map((t) => [t.name, t.status, t.message ?? "-"].join(" "))));
JS
seen=$(node show.js)
echo "$seen"
if [[ $seen != '["run: TestCopy failed broken","run: TestCopy passed -","run: TestMount skipped -"]' ]]; then
  echo "changed: the names or messages of the CTRF tests are others" >&2
  exit 1
fi
