package s3test

import (
	"bytes"
	"cmp"
	"crypto/md5" // ETags are MD5
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fullObject is the type of a checksum of the whole object, however it was uploaded.
const fullObject = "FULL_OBJECT"

func etag(body []byte) string {
	sum := md5.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// carryOut performs a call. The caller holds the lock.
func (s *Server) carryOut(call Call, r *http.Request, query url.Values, body []byte) answer {
	name := call.Bucket + "/" + call.Key
	object, found := s.objects[name]
	switch call.Op {
	case "GetObject", "HeadObject":
		if !found {
			return refuse(http.StatusNotFound, "NoSuchKey")
		}
		return read(object, r)
	case "DeleteObject":
		delete(s.objects, name)
		return answer{status: http.StatusNoContent}
	case "PutObject":
		return s.put(name, r, body)
	case "CreateMultipartUpload":
		s.started++
		id := fmt.Sprintf("upload-%d", s.started)
		u := &upload{bucket: call.Bucket, key: call.Key, object: described(r), parts: map[int32]Object{}}
		u.full = !s.composite && r.Header.Get("X-Amz-Checksum-Type") == fullObject
		s.uploads[id] = u
		header := http.Header{}
		if u.full {
			header.Set("X-Amz-Checksum-Type", fullObject)
		}
		return answer{status: http.StatusOK, header: header, body: initiated{Bucket: call.Bucket, Key: call.Key, UploadID: id}}
	case "ListMultipartUploads":
		return answer{status: http.StatusOK, body: s.list(call.Bucket, query.Get("prefix"))}
	}
	id := query.Get("uploadId")
	u := s.uploads[id]
	if u == nil || u.bucket != call.Bucket || u.key != call.Key {
		return refuse(http.StatusNotFound, "NoSuchUpload")
	}
	switch call.Op {
	case "UploadPart":
		sums, ok := checksums(r.Header, body)
		if !ok {
			return refuse(http.StatusBadRequest, "BadDigest")
		}
		part := Object{Body: body, ETag: etag(body), Modified: time.Now(), Checksums: sums}
		u.parts[call.Part] = part
		header := maps.Clone(sums)
		header.Set("ETag", part.ETag)
		return answer{status: http.StatusOK, header: header}
	case "AbortMultipartUpload":
		delete(s.uploads, id)
		return answer{status: http.StatusNoContent}
	}
	return s.complete(id, name, u, r, body)
}

func read(object Object, r *http.Request) answer {
	header := http.Header{"Etag": {object.ETag}}
	header.Set("Content-Type", cmp.Or(object.ContentType, "binary/octet-stream"))
	maps.Copy(header, object.Metadata)
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" && len(object.Checksums) > 0 {
		maps.Copy(header, object.Checksums)
		header.Set("X-Amz-Checksum-Type", fullObject)
	}
	return answer{status: http.StatusOK, header: header, object: &object}
}

// described returns the object that a request describes, without its body.
func described(r *http.Request) Object {
	object := Object{ContentType: r.Header.Get("Content-Type"), Modified: time.Now(), Metadata: http.Header{}}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-Meta-") {
			object.Metadata[name] = values
		}
	}
	return object
}

func (s *Server) put(name string, r *http.Request, body []byte) answer {
	if refused, ok := s.condition(name, r.Header); !ok {
		return refused
	}
	sums, ok := checksums(r.Header, body)
	if !ok {
		return refuse(http.StatusBadRequest, "BadDigest")
	}
	object := described(r)
	object.Body, object.ETag, object.Checksums = body, etag(body), sums
	s.objects[name] = object
	return answer{status: http.StatusOK, header: http.Header{"Etag": {object.ETag}}}
}

// condition checks a write's If-Match or If-None-Match.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (s *Server) condition(name string, header http.Header) (answer, bool) {
	object, found := s.objects[name]
	match, noneMatch := header.Get("If-Match"), header.Get("If-None-Match")
	switch {
	case noneMatch != "" && noneMatch != "*":
		return refuse(http.StatusNotImplemented, "NotImplemented"), false
	case noneMatch == "*" && found:
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed"), false
	case match != "" && !found:
		return refuse(http.StatusNotFound, "NoSuchKey"), false
	case match != "" && strings.Trim(match, `"`) != strings.Trim(object.ETag, `"`):
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed"), false
	}
	return answer{}, true
}

// checksums returns the checksums that came with a body, and whether they are correct.
func checksums(header http.Header, body []byte) (http.Header, bool) {
	sums := http.Header{}
	for name, digest := range map[string]hash.Hash{
		"Content-Md5":              md5.New(),
		"X-Amz-Checksum-Crc32":     crc32.NewIEEE(),
		"X-Amz-Checksum-Crc32c":    crc32.New(crc32.MakeTable(crc32.Castagnoli)),
		"X-Amz-Checksum-Crc64nvme": crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)),
		"X-Amz-Checksum-Sha256":    sha256.New(),
	} {
		said := header.Get(name)
		if said == "" {
			continue
		}
		digest.Write(body)
		if said != base64.StdEncoding.EncodeToString(digest.Sum(nil)) {
			return nil, false
		}
		if name != "Content-Md5" {
			sums.Set(name, said)
		}
	}
	return sums, true
}

type (
	initiated struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string   `xml:"Bucket"`
		Key      string   `xml:"Key"`
		UploadID string   `xml:"UploadId"`
	}
	completion struct {
		Parts []completedPart `xml:"Part"`
	}
	completedPart struct {
		PartNumber int32  `xml:"PartNumber"`
		ETag       string `xml:"ETag"`
		CRC32      string `xml:"ChecksumCRC32"`
		CRC32C     string `xml:"ChecksumCRC32C"`
		CRC64NVME  string `xml:"ChecksumCRC64NVME"`
		SHA256     string `xml:"ChecksumSHA256"`
	}
	completed struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket  string   `xml:"Bucket"`
		Key     string   `xml:"Key"`
		ETag    string   `xml:"ETag"`
		CRC32   string   `xml:"ChecksumCRC32,omitempty"`
		Type    string   `xml:"ChecksumType,omitempty"`
	}
	listing struct {
		XMLName xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket  string   `xml:"Bucket"`
		Uploads []listed `xml:"Upload"`
	}
	listed struct {
		Key      string `xml:"Key"`
		UploadID string `xml:"UploadId"`
	}
)

func (s *Server) list(bucket, prefix string) listing {
	list := listing{Bucket: bucket}
	for _, id := range slices.Sorted(maps.Keys(s.uploads)) {
		if u := s.uploads[id]; u.bucket == bucket && strings.HasPrefix(u.key, prefix) {
			list.Uploads = append(list.Uploads, listed{Key: u.key, UploadID: id})
		}
	}
	return list
}

// complete assembles an object from an upload's parts. It checks a checksum in the header
// against the whole object (ChecksumType FULL_OBJECT), and those in the body against their
// parts.
func (s *Server) complete(id, name string, u *upload, r *http.Request, body []byte) answer {
	var asked completion
	if xml.Unmarshal(body, &asked) != nil || len(asked.Parts) == 0 {
		return refuse(http.StatusBadRequest, "MalformedXML")
	}
	if !slices.IsSortedFunc(asked.Parts, func(a, b completedPart) int { return cmp.Compare(a.PartNumber, b.PartNumber) }) {
		return refuse(http.StatusBadRequest, "InvalidPartOrder")
	}
	var whole bytes.Buffer
	digests := md5.New()
	for i, want := range asked.Parts {
		part, ok := u.parts[want.PartNumber]
		switch {
		case !ok || strings.Trim(want.ETag, `"`) != strings.Trim(part.ETag, `"`):
			return refuse(http.StatusBadRequest, "InvalidPart")
		case i < len(asked.Parts)-1 && len(part.Body) < s.minPart:
			return refuse(http.StatusBadRequest, "EntityTooSmall")
		}
		for sum, said := range map[string]string{
			"X-Amz-Checksum-Crc32": want.CRC32, "X-Amz-Checksum-Crc32c": want.CRC32C,
			"X-Amz-Checksum-Crc64nvme": want.CRC64NVME, "X-Amz-Checksum-Sha256": want.SHA256,
		} {
			if said != "" && said != part.Checksums.Get(sum) {
				return refuse(http.StatusBadRequest, "InvalidPart")
			}
		}
		whole.Write(part.Body)
		sum := md5.Sum(part.Body)
		digests.Write(sum[:])
	}
	if refused, ok := s.condition(name, r.Header); !ok {
		return refused
	}
	sums, ok := checksums(r.Header, whole.Bytes())
	size := r.Header.Get("X-Amz-Mp-Object-Size")
	switch {
	case !ok || len(sums) > 0 && !u.full:
		return refuse(http.StatusBadRequest, "BadDigest")
	case size != "" && size != strconv.Itoa(whole.Len()):
		return refuse(http.StatusBadRequest, "InvalidRequest")
	}
	result := completed{Bucket: u.bucket, Key: u.key}
	if sums.Get("X-Amz-Checksum-Crc32") != "" {
		result.CRC32, result.Type = sums.Get("X-Amz-Checksum-Crc32"), fullObject
	}
	object := u.object
	object.Body, object.Checksums = whole.Bytes(), sums
	object.ETag = fmt.Sprintf(`"%x-%d"`, digests.Sum(nil), len(asked.Parts))
	s.objects[name] = object
	delete(s.uploads, id)
	result.ETag = object.ETag
	return answer{status: http.StatusOK, body: result}
}
