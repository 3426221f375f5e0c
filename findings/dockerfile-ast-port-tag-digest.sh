#!/usr/bin/env bash
# Package:   dockerfile-ast 0.7.1 (npm)
# Behaviour: an image from a registry with a port, with a tag and a digest, has no tag: getImageTag() is null, and the tag
#            stays glued to the name, `tool:3.20`. Leave out the port, the tag or the digest, and all is right.
# Expected:  tool, 3.20 and the digest, as for the same image without the port: the changelog promises tags beside
#            digests, and the comment above getImageTagRange() null only where no tag has been specified.
# Seen:      no port: tool 3.20 sha256   port: tool:3.20 null sha256
# Matters:   tag and digest together is how update bots pin base images, and mirrors of a company or a test run on ports. A
#            lint for untagged images fires on each, and a list of allowed repositories knows none of them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix "$work" dockerfile-ast@0.7.1

cat >show.js <<'JS'
const { DockerfileParser } = require("dockerfile-ast");
const digest = "sha256:" + "a".repeat(64);
const images = { "no port": `mirror.example/tool:3.20@${digest}`, port: `mirror.example:5000/tool:3.20@${digest}` };
for (const [note, image] of Object.entries(images)) {
  const [from] = DockerfileParser.parse(`FROM ${image}\n`).getFROMs();
  console.log(`${note}:`, from.getImageName(), from.getImageTag(), from.getImageDigest().split(":")[0]);
}
JS
cat >expected <<'TEXT'
no port: tool 3.20 sha256
port: tool:3.20 null sha256
TEXT
node show.js | tee seen
if ! cmp -s seen expected; then
  echo "changed: an image with a port, a tag and a digest is taken apart otherwise" >&2
  exit 1
fi
