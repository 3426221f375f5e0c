#!/usr/bin/env bash
# Package:   test-results-parser 0.4.6 (npm)
# Behaviour: a <testsuite> inside a <testsuite> is dropped, with all its cases. A report whose only failing case lies
#            in a nested suite is read as SKIP with no case, although both suites say failures="1".
# Expected:  the nested case appears and the status is FAIL; or the file is refused.
# Seen:      {"status":"SKIP","total":0,"failed":0,"suites":[]}
# Matters:   suite > worker > case is a natural shape for a matrix of integration tests. A notifier built on this
#            reader tells the team "skipped" about a regression. Write flat suites.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix "$work" test-results-parser@0.4.6

cat >report.xml <<'XML'
<testsuites><testsuite name="dockerfile" tests="1" failures="1" errors="0" skipped="0">
  <testsuite name="worker=oci" tests="1" failures="1" errors="0" skipped="0">
    <testcase classname="oci" name="TestCopy"><failure message="broken"/></testcase>
  </testsuite>
</testsuite></testsuites>
XML
cat >read.js <<'JS'
const { parse } = require("test-results-parser");
const { status, total, failed, suites } = parse({ type: "junit", files: ["report.xml"] });
console.log(JSON.stringify({ status, total, failed, suites }));
JS
seen=$(node read.js)
echo "$seen"
if [[ $seen != '{"status":"SKIP","total":0,"failed":0,"suites":[]}' ]]; then
  echo "changed: the nested suite is no longer dropped in silence" >&2
  exit 1
fi
