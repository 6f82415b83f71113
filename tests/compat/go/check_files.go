package main

import (
	"strings"

	"github.com/colonyos/colonies/pkg/core"
)

var fileChecks = []check{
	{"AddFile",
		func() {
			by := newMember()
			wanted := by.file(newLabel(), "a.bin")
			added := must(server.AddFile(wanted, by.key))
			equal(added.Name, "a.bin")
			equal(added.Size, wanted.Size)
			equal(added.Checksum, wanted.Checksum)
			equal(added.Reference.S3Object.Object, wanted.Reference.S3Object.Object)
			holds(added.ID != "" && added.SequenceNumber > 0, "it has an id and a number")
		},
		func() {
			by := newMember()
			denied(server.AddFile(by.file(newLabel(), "a.bin"), stranger))
			refused(400, "")(server.AddFile(by.file(newLabel(), "../a.bin"), by.key))
		}},
	{"GetFileByID",
		func() {
			by := newMember()
			added := by.addFile(newLabel(), "a.bin")
			equal(must(server.GetFileByID(ours.name, added.ID, by.key))[0].Checksum, added.Checksum)
		},
		func() {
			by := newMember()
			denied(server.GetFileByID(ours.name, by.addFile(newLabel(), "a.bin").ID, stranger))
			refused(404, "")(server.GetFileByID(ours.name, unknownID, by.key))
		}},
	{"GetFileByName",
		func() {
			by := newMember()
			label := newLabel()
			first, second := by.addFile(label, "a.bin"), by.addFile(label, "a.bin")
			revisions := must(server.GetFileByName(ours.name, label, "a.bin", by.key))
			equal(len(revisions), 2)
			equal(revisions[0].ID, second.ID)
			equal(revisions[1].ID, first.ID)
		},
		func() {
			by := newMember()
			denied(server.GetFileByName(ours.name, "/a", "a.bin", stranger))
			refused(404, "")(server.GetFileByName(ours.name, newLabel(), "a.bin", by.key))
		}},
	{"GetLatestFileByName",
		func() {
			by := newMember()
			label := newLabel()
			by.addFile(label, "a.bin")
			second := by.addFile(label, "a.bin")
			newest := must(server.GetLatestFileByName(ours.name, label, "a.bin", by.key))
			equal(len(newest), 1)
			equal(newest[0].ID, second.ID)
		},
		func() {
			by := newMember()
			denied(server.GetLatestFileByName(ours.name, "/a", "a.bin", stranger))
			refused(404, "")(server.GetLatestFileByName(ours.name, newLabel(), "a.bin", by.key))
		}},
	{"GetFileData",
		func() {
			by := newMember()
			label := newLabel()
			by.addFile(label, "a.bin")
			newest := by.addFile(label, "a.bin")
			by.addFile(label, "b.bin")
			files := must(server.GetFileData(ours.name, label, by.key))
			equal(len(files), 2)
			holds(has(files, func(each *core.FileData) bool {
				return each.Name == "a.bin" && each.S3Filename == newest.Reference.S3Object.Object
			}), "the newest revision is listed")
		},
		func() { denied(server.GetFileData(ours.name, "/a", stranger)) }},
	{"GetFileLabels",
		func() {
			by := newColony().newMember()
			by.addFile("/a", "a.bin")
			by.addFile("/b/c", "a.bin")
			equal(len(must(server.GetFileLabels(by.colony.name, by.key))), 2)
		},
		func() { denied(server.GetFileLabels(ours.name, stranger)) }},
	{"GetFileLabelsByName",
		func() {
			by := newColony().newMember()
			for _, label := range []string{"/a", "/a/b", "/ab", "/c"} {
				by.addFile(label, "a.bin")
			}
			equal(len(must(server.GetFileLabelsByName(by.colony.name, "/a", false, by.key))), 3)
			exact := must(server.GetFileLabelsByName(by.colony.name, "/a", true, by.key))
			equal(len(exact), 2)
			holds(has(exact, func(each *core.Label) bool { return each.Name == "/a/b" && each.Files == 1 }), "below it")
		},
		func() { denied(server.GetFileLabelsByName(ours.name, "/a", true, stranger)) }},
	{"RemoveFileByID",
		func() {
			by := newMember()
			label := newLabel()
			first, second := by.addFile(label, "a.bin"), by.addFile(label, "a.bin")
			done(server.RemoveFileByID(ours.name, second.ID, by.key))
			equal(must(server.GetLatestFileByName(ours.name, label, "a.bin", by.key))[0].ID, first.ID)
		},
		func() {
			denied(server.RemoveFileByID(ours.name, newMember().addFile(newLabel(), "a.bin").ID, stranger))
		}},
	{"RemoveFileByName",
		func() {
			by := newMember()
			label := newLabel()
			by.addFile(label, "a.bin")
			by.addFile(label, "a.bin")
			done(server.RemoveFileByName(ours.name, label, "a.bin", by.key))
			equal(len(must(server.GetFileData(ours.name, label, by.key))), 0)
		},
		func() { denied(server.RemoveFileByName(ours.name, "/a", "a.bin", stranger)) }},
}

func newLabel() string { return "/" + newName("label") }

func (by member) file(label, name string) *core.File {
	object := core.S3Object{
		Server: "localhost", Port: 9000, Object: newName("object"), Bucket: "colonies", Region: "us-east-1",
	}
	return &core.File{
		ColonyName: by.colony.name, Label: label, Name: name, Size: 17,
		Checksum: strings.Repeat("ab", 32), ChecksumAlg: "SHA256",
		Reference: core.Reference{Protocol: "s3", S3Object: object},
	}
}

func (by member) addFile(label, name string) *core.File {
	return must(server.AddFile(by.file(label, name), by.key))
}

var snapshotChecks = []check{
	{"CreateSnapshot",
		func() {
			by := newMember()
			label := newLabel()
			file := by.addFile(label, "a.bin")
			snapshot := must(server.CreateSnapshot(ours.name, label, newName("snapshot"), by.key))
			equal(len(snapshot.FileIDs), 1)
			equal(snapshot.FileIDs[0], file.ID)
			equal(snapshot.Label, label)
		},
		func() {
			by := newMember()
			denied(server.CreateSnapshot(ours.name, newLabel(), newName("snapshot"), stranger))
			taken := by.snapshot()
			refused(400, "already exists")(server.CreateSnapshot(ours.name, taken.Label, taken.Name, by.key))
		}},
	{"GetSnapshotByID",
		func() {
			by := newMember()
			wanted := by.snapshot()
			equal(must(server.GetSnapshotByID(ours.name, wanted.ID, by.key)).Name, wanted.Name)
		},
		func() {
			by := newMember()
			denied(server.GetSnapshotByID(ours.name, by.snapshot().ID, stranger))
			missing(server.GetSnapshotByID(ours.name, unknownID, by.key))
		}},
	{"GetSnapshotByName",
		func() {
			by := newMember()
			wanted := by.snapshot()
			equal(must(server.GetSnapshotByName(ours.name, wanted.Name, by.key)).ID, wanted.ID)
		},
		func() {
			by := newMember()
			denied(server.GetSnapshotByName(ours.name, by.snapshot().Name, stranger))
			missing(server.GetSnapshotByName(ours.name, newName("snapshot"), by.key))
		}},
	{"GetSnapshotsByColonyName",
		func() {
			by := newColony().newMember()
			first, second := by.snapshot(), by.snapshot()
			all := must(server.GetSnapshotsByColonyName(by.colony.name, by.key))
			equal(len(all), 2)
			equal(all[0].ID, second.ID)
			equal(all[1].ID, first.ID)
		},
		func() { denied(server.GetSnapshotsByColonyName(ours.name, stranger)) }},
	{"RemoveSnapshotByID",
		func() {
			by := newMember()
			snapshot := by.snapshot()
			done(server.RemoveSnapshotByID(ours.name, snapshot.ID, by.key))
			missing(server.GetSnapshotByID(ours.name, snapshot.ID, by.key))
		},
		func() { denied(server.RemoveSnapshotByID(ours.name, newMember().snapshot().ID, stranger)) }},
	{"RemoveSnapshotByName",
		func() {
			by := newMember()
			snapshot := by.snapshot()
			done(server.RemoveSnapshotByName(ours.name, snapshot.Name, by.key))
			missing(server.GetSnapshotByID(ours.name, snapshot.ID, by.key))
		},
		func() { denied(server.RemoveSnapshotByName(ours.name, newMember().snapshot().Name, stranger)) }},
	{"RemoveAllSnapshots",
		func() {
			by := newColony().newMember()
			by.snapshot()
			done(server.RemoveAllSnapshots(by.colony.name, by.key))
			equal(len(must(server.GetSnapshotsByColonyName(by.colony.name, by.key))), 0)
		},
		func() { denied(server.RemoveAllSnapshots(ours.name, stranger)) }},
}

func (by member) snapshot() *core.Snapshot {
	label := newLabel()
	by.addFile(label, "a.bin")
	return must(server.CreateSnapshot(by.colony.name, label, newName("snapshot"), by.key))
}
