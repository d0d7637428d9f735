#!/bin/sh
# embed.sh SYMBOL FOLDER: writes assembler that puts FOLDER's pages/ and lang/
# into the program as a table of struct embedded (base/embedded.h), ended by a
# row of zeros. Paths are relative to FOLDER.
set -eu
symbol=$1 folder=$2
files=$(cd "$folder" && find pages lang -type f 2>/dev/null | LC_ALL=C sort || true)
echo '	.section .rodata'
n=0
for file in $files; do
	printf '.Lname%d:	.asciz "%s"\n' $n "$file"
	printf '.Ldata%d:	.incbin "%s/%s"\n.Lend%d:	.byte 0\n' $n "$folder" "$file" $n
	n=$((n + 1))
done
printf '	.section .data.rel.ro,"aw"\n	.balign 8\n	.globl %s\n%s:\n' "$symbol" "$symbol"
i=0
while [ $i -lt $n ]; do
	printf '	.quad .Lname%d, .Ldata%d, .Lend%d - .Ldata%d\n' $i $i $i $i
	i=$((i + 1))
done
printf '	.quad 0, 0, 0\n	.section .note.GNU-stack,"",@progbits\n'
