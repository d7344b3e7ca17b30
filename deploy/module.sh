#!/bin/sh
# Gives a checkout the address that its module has, so that other modules can import it:
#
#     make module MODULE=example.com/me/videotoken
#
# It changes what names the module: the go.mod files, the imports, and the pages. It can run again with another address.
set -eu
cd "$(dirname "$0")/.."
new=${1-}
# What the Go command takes as the path of a module that can be fetched (go.dev/ref/mod, "Module paths").
case $new in
*[!a-z0-9._/~-]* | /* | */ | *//* | .* | *..* | "") new= ;;
esac
case ${new%%/*} in
*.*) ;;
*) new= ;;
esac
case $new in
*/*/*) ;;
*) echo 'make module: name its address in lower case, as in MODULE=example.com/me/videotoken' >&2; exit 2 ;;
esac
old=$(sed -n 's/^module //p' go.mod)
was=$(printf %s "$old" | sed 's/[.]/[.]/g')
# An import stands alone on its line, or after the word import. In go.mod the path stands alone between blanks.
git ls-files -z -- '*.go' | xargs -0 sed -i -E "s|^((import )?[[:blank:]]*([A-Za-z_.]+ )?\")$was((/[a-zA-Z0-9_/]+)?\"\$)|\1$new\4|"
git ls-files -z -- '*go.mod' | xargs -0 sed -i -E "s#(^|[[:blank:]])$was(/[a-z0-9/]+)?([[:blank:]]|\$)#\1$new\2\3#g"
git ls-files -z -- '*.md' | xargs -0 sed -i -E "s#\`$was/(token)\`#\`$new/\1\`#g"
gofmt -l . | xargs -r gofmt -w # imports are in alphabetical order
echo "$old is $new now: go build ./... shows that it is whole; commit it"
