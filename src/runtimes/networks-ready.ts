/** Asks a runtime on a node if its networks are ready, without starting Node.js there. */

/** Reads the bytes of an HTTP response as decimal numbers: headers, a gRPC message, trailers. Field numbers are those of kni.proto. */
const parser = String.raw`
function varint(  value, unit) {
  for (unit = 1; at < end; unit *= 128) {
    value += byte[at] % 128 * unit
    if (byte[at++] < 128) return value
  }
  invalid = 1
  return 0
}
function skip(wireType) {
  if (wireType == 0) varint()
  else if (wireType == 1) at += 8
  else if (wireType == 2) at += varint()
  else if (wireType == 5) at += 4
  else invalid = 1
}
{ for (i = 1; i <= NF; i++) byte[count++] = $i }
count > 100000 { tooLong = 1; exit }
END {
  if (tooLong) exit 1
  for (at = 3; at < count; at++)
    if (byte[at - 3] == 13 && byte[at - 2] == 10 && byte[at - 1] == 13 && byte[at] == 10) break
  start = at + 6
  # The first byte says whether the message is compressed, the other four are its length.
  if (start > count || byte[at + 1] != 0) exit 1
  end = start + ((byte[at + 2] * 256 + byte[at + 3]) * 256 + byte[at + 4]) * 256 + byte[at + 5]
  for (at = end; at < count; at++) trailers = trailers sprintf("%c", byte[at])
  if (trailers !~ /(^|\n)grpc-status: 0\r/) exit 1
  for (at = start; at < end && !invalid; ) {
    field = varint()
    if (field != 10) { skip(field % 8); continue }
    size = varint()
    ready = 0
    for (last = at + size; at < last && !invalid; ) {
      field = varint()
      if (field == 16) ready = varint()
      else skip(field % 8)
    }
    networks++
    if (!ready) exit 1
  }
  exit invalid || at != end || !networks
}`;

/**
 * A shell function that succeeds if QueryNodeNetworks reports networks, and all of them are ready. It fails without a reason, which
 * `kni-runtime networks` finds. That program starts Node.js, which takes more than ten times the CPU time of curl.
 */
export const networksReady = `
networks_ready() {
  printf '\\0\\0\\0\\0\\0' |
    curl --disable --silent --noproxy '*' --max-time 1 --http2-prior-knowledge --unix-socket /run/kni/kni.sock \\
      --header 'content-type: application/grpc' --header 'te: trailers' --data-binary @- --include \\
      http://localhost/kni.KNI/QueryNodeNetworks 2>/dev/null |
    od -An -v -tu1 | awk '${parser}'
}
`;
