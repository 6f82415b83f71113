package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/colonyos/colonies/pkg/fs"
	"github.com/jedib0t/go-pretty/v6/progress"
)

// The bytes of files are kept by the store that the variables AWS_S3_* name.

var colonyFSChecks = []check{
	{"CreateFSClient",
		func() { newMember().fs() },
		func() {
			key := os.Getenv("AWS_S3_SECRETKEY")
			done(os.Setenv("AWS_S3_SECRETKEY", "wrong"))
			defer os.Setenv("AWS_S3_SECRETKEY", key)
			fails("", second(fs.CreateFSClient(server, ours.name, stranger)))
		}},
	{"FSClient.CalcSyncPlan",
		func() {
			by := newMember()
			here, label := newTree(), newLabel()
			plan := must(by.fs().CalcSyncPlan(here, label, true))
			equal(len(plan.RemoteMissing), 2)
			equal(len(plan.LocalMissing)+len(plan.Conflicts), 0)
		},
		func() { fails("Access denied", second(fsOf(stranger).CalcSyncPlan(newTree(), newLabel(), true))) }},
	{"FSClient.CalcSyncPlans",
		func() { equal(len(must(newMember().fs().CalcSyncPlans(newTree(), newLabel(), true))), 2) },
		func() { fails("Access denied", second(fsOf(stranger).CalcSyncPlans(newTree(), newLabel(), true))) }},
	{"FSClient.ApplySyncPlan",
		func() {
			client := newMember().fs()
			here, there, label := newTree(), newFolder(), newLabel()
			sync(client, here, label)
			sync(client, there, label)
			for name, content := range tree {
				equal(string(must(os.ReadFile(filepath.Join(there, name)))), content)
			}
			done(os.WriteFile(filepath.Join(there, "a.txt"), []byte("changed"), 0o644))
			sync(client, there, label)
			equal(len(must(newMember().fs().CalcSyncPlan(here, label, true)).Conflicts), 1)
		},
		func() {
			plan := must(newMember().fs().CalcSyncPlan(newTree(), newLabel(), true))
			fails("Access denied", fsOf(stranger).ApplySyncPlan(plan))
		}},
	{"FSClient.CalcCleanPlan",
		func() {
			client := newMember().fs()
			here, label := newTree(), newLabel()
			sync(client, here, label)
			done(os.WriteFile(filepath.Join(here, "stray.txt"), []byte("stray"), 0o644))
			plan := must(client.CalcCleanPlan(here, label))
			equal(len(plan.FilesToRemove), 1)
			equal(filepath.Base(plan.FilesToRemove[0].Name), "stray.txt")
		},
		func() { fails("Access denied", second(fsOf(stranger).CalcCleanPlan(newTree(), newLabel()))) }},
	{"FSClient.CalcCleanPlans",
		func() {
			client := newMember().fs()
			here, label := newTree(), newLabel()
			sync(client, here, label)
			equal(len(must(client.CalcCleanPlans(here, label))), 2)
		},
		func() { fails("not found", second(newMember().fs().CalcCleanPlans(newTree(), newLabel()))) }},
	{"FSClient.ApplyCleanPlan",
		func() {
			client := newMember().fs()
			here, label := newTree(), newLabel()
			sync(client, here, label)
			stray := filepath.Join(here, "stray.txt")
			done(os.WriteFile(stray, []byte("stray"), 0o644))
			done(client.ApplyCleanPlan(must(client.CalcCleanPlan(here, label))))
			_, err := os.Stat(stray)
			holds(errors.Is(err, os.ErrNotExist), "it is gone")
		},
		neverRefused},
	{"FSClient.Download",
		func() {
			by, label := newSynced()
			file := must(server.GetLatestFileByName(ours.name, label, "a.txt", by.key))[0]
			there := newFolder()
			done(by.fs().Download(ours.name, file.ID, there))
			equal(string(must(os.ReadFile(filepath.Join(there, "a.txt")))), tree["a.txt"])
		},
		func() { refused(404, "")(newMember().fs().Download(ours.name, unknownID, newFolder())) }},
	{"FSClient.DownloadSnapshot",
		func() {
			by, label := newSynced()
			snapshot := must(server.CreateSnapshot(ours.name, label, newName("snapshot"), by.key))
			there := newFolder()
			done(by.fs().DownloadSnapshot(snapshot.ID, there))
			for name, content := range tree {
				equal(string(must(os.ReadFile(filepath.Join(there, name)))), content)
			}
		},
		func() { missing(newMember().fs().DownloadSnapshot(unknownID, newFolder())) }},
	{"FSClient.RemoveFileByID",
		func() {
			by, label := newSynced()
			file := must(server.GetLatestFileByName(ours.name, label, "a.txt", by.key))[0]
			done(by.fs().RemoveFileByID(ours.name, file.ID))
			refused(404, "")(server.GetFileByID(ours.name, file.ID, by.key))
			holds(!must(fs.CreateS3Client()).Exists(file.Reference.S3Object.Object), "its bytes are gone")
		},
		func() { refused(404, "")(newMember().fs().RemoveFileByID(ours.name, unknownID)) }},
	{"FSClient.RemoveFileByName",
		func() {
			by, label := newSynced()
			done(by.fs().RemoveFileByName(ours.name, label, "a.txt"))
			refused(404, "")(server.GetFileByName(ours.name, label, "a.txt", by.key))
		},
		func() { refused(404, "")(newMember().fs().RemoveFileByName(ours.name, newLabel(), "a.txt")) }},
	{"FSClient.RemoveAllFilesWithLabel",
		func() {
			by, label := newSynced()
			done(by.fs().RemoveAllFilesWithLabel(label))
			equal(len(must(server.GetFileLabelsByName(ours.name, label, false, by.key))), 0)
		},
		func() { fails("Access denied", fsOf(stranger).RemoveAllFilesWithLabel(newLabel())) }},
}

var storeChecks = []check{
	{"CreateS3Client",
		func() { equal(must(fs.CreateS3Client()).BucketName, os.Getenv("AWS_S3_BUCKET")) },
		func() {
			key := os.Getenv("AWS_S3_ACCESSKEY")
			done(os.Setenv("AWS_S3_ACCESSKEY", "nobody"))
			defer os.Setenv("AWS_S3_ACCESSKEY", key)
			fails("", second(fs.CreateS3Client()))
		}},
	{"S3Client.Upload",
		func() {
			store, object := newObject("text")
			holds(store.Exists(object), "it is there")
		},
		func() {
			store := must(fs.CreateS3Client())
			store.BucketName = newName("nowhere")
			fails("", store.Upload(newTree(), "a.txt", newName("object"), int64(len(tree["a.txt"])), nil, true))
		}},
	{"ProgressWriter.Write",
		func() {
			tracker := &progress.Tracker{}
			size := int64(len(tree["a.txt"]))
			done(must(fs.CreateS3Client()).Upload(newTree(), "a.txt", newName("object"), size, tracker, false))
			equal(tracker.Value(), size)
		},
		neverRefused},
	{"S3Client.Download",
		func() {
			store, object := newObject("text")
			there := newFolder()
			done(store.Download("copy.txt", object, there, nil, true))
			equal(string(must(os.ReadFile(filepath.Join(there, "copy.txt")))), "text")
		},
		func() {
			fails("object", must(fs.CreateS3Client()).Download("copy.txt", newName("object"), newFolder(), nil, true))
		}},
	{"S3Client.Exists",
		func() { equal(must(fs.CreateS3Client()).Exists(newName("object")), false) }, neverRefused},
	{"S3Client.Remove",
		func() {
			store, object := newObject("text")
			done(store.Remove(object))
			equal(store.Exists(object), false)
		},
		func() { fails("", must(fs.CreateS3Client()).Remove("")) }},
}

// tree is what newTree writes, by path.
var tree = map[string]string{
	"a.txt": strings.Repeat("a line\n", 10_000), "empty.txt": "", "below/b.txt": "below",
}

func newFolder() string { return must(os.MkdirTemp(os.TempDir(), "colonies-compat-")) }

func newTree() string {
	folder := newFolder()
	for name, content := range tree {
		path := filepath.Join(folder, name)
		done(os.MkdirAll(filepath.Dir(path), 0o755))
		done(os.WriteFile(path, []byte(content), 0o644))
	}
	return folder
}

func (by member) fs() *fs.FSClient { return fsOf(by.key) }

func fsOf(key string) *fs.FSClient {
	client := must(fs.CreateFSClient(server, ours.name, key))
	client.Quiet = true
	return client
}

func sync(client *fs.FSClient, folder, label string) {
	for _, plan := range must(client.CalcSyncPlans(folder, label, true)) {
		done(client.ApplySyncPlan(plan))
	}
}

// newSynced gives a label with a tree.
func newSynced() (member, string) {
	by, label := newMember(), newLabel()
	sync(by.fs(), newTree(), label)
	return by, label
}

func newObject(content string) (*fs.S3Client, string) {
	store, object, folder := must(fs.CreateS3Client()), newName("object"), newFolder()
	done(os.WriteFile(filepath.Join(folder, "file"), []byte(content), 0o644))
	done(store.Upload(folder, "file", object, int64(len(content)), nil, true))
	return store, object
}

// fails expects an error with this text, whoever it is from.
func fails(text string, err error) {
	holds(err != nil, "it fails")
	holds(strings.Contains(err.Error(), text), err.Error()+" has "+text)
}

func second[T any](_ T, err error) error { return err }
