// The part of `badInputs` that is about files and snapshots.

const colonyname = 'mill'
const nameless = '403 Access denied, the request names no colony: fill in its colonyname'
const backslash = 'must not contain a backslash'

export const badFileInputs = [
  {
    payloadtype: 'addfilemsg',
    by: 'user',
    right: { file: { colonyname, label: '/data', name: 'a.txt', size: 1, ref: { s3object: { port: -1 } } } },
    wrong: [
      ['file', undefined, nameless],
      ['file.label', '/a/../b', '400 file.label must be a path without "..": "/a/../b"'],
      ['file.label', '.', '400 file.label must be a path without ".": "/."'],
      ['file.label', '/a\\b', `400 file.label ${backslash}`],
      ['file.label', '/a\nb', '400 file.label must not contain control characters'],
      ['file.name', '', '400 file.name must be the name of a file, got ""'],
      ['file.name', '..', '400 file.name must be the name of a file, got ".."'],
      ['file.name', 'a/b', '400 file.name must not contain a slash: put the path into the label'],
      ['file.name', '..\\b', `400 file.name ${backslash}`],
      ['file.size', -1, '400 file.size must not be negative, got -1'],
      ['file.size', 1.5, '400 file.size must be an integer, got 1.5: write it without fraction and exponent'],
      ['file.checksum', 'x'.repeat(256), '400 file.checksum must have at most 255 characters, has 256'],
      ['file.ref.s3object.bucket', 'a\tb', '400 file.ref.s3object.bucket must not contain control characters'],
      [
        'previous',
        'NONE',
        '409 The newest revision of a.txt in /data is not the one named in previous: read it, then decide',
      ],
    ],
  },
  {
    payloadtype: 'getfilesmsg',
    by: 'user',
    right: { colonyname, label: '/data' },
    wrong: [
      ['count', -1, '400 count must not be negative, got -1'],
      ['label', 7, '400 label must be a string, got a number'],
    ],
  },
  {
    payloadtype: 'getfilelabelsmsg',
    by: 'user',
    right: { colonyname, name: '/', exact: true },
    wrong: [['name', '/'.repeat(1025), '400 name must have at most 1024 bytes']],
  },
  {
    payloadtype: 'removefilemsg',
    by: 'user',
    right: { colonyname, label: '/data', name: 'a.txt' },
    wrong: [['name', '', '400 Which file? Fill in fileid, or both label and name']],
  },
  {
    payloadtype: 'removefiletreemsg',
    by: 'user',
    right: { colonyname, label: '/' },
    wrong: [['label', '', '400 label is empty: write / for all files of the colony']],
  },
  {
    payloadtype: 'createsnapshotmsg',
    by: 'user',
    right: { colonyname, label: '/data', name: 'a:b' },
    wrong: [
      ['name', '', '400 name must not be empty'],
      ['name', 'a\nb', '400 name must not contain control characters'],
      ['label', '/a/..', '400 label must be a path without "..": "/a/.."'],
    ],
  },
  {
    payloadtype: 'removesnapshotmsg',
    by: 'user',
    right: { colonyname, name: 'a' },
    wrong: [['name', '', '400 Which snapshot? Fill in snapshotid or name']],
  },
] as const
