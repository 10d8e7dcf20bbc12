package s3test

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// answer is the response to a call.
type answer struct {
	status int
	header http.Header
	body   any     // XML; nil: none
	object *Object // the body of GET and HEAD
}

// failure is S3's error body.
type failure struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
}

func refuse(status int, code string) answer {
	return answer{status: status, body: failure{Code: code, Message: code + " (s3fake)"}}
}

// operation returns the SDK's name for a request.
func operation(method, key string, query url.Values) string {
	switch {
	case key == "" && method == http.MethodGet && query.Has("uploads"):
		return "ListMultipartUploads"
	case key == "":
		return ""
	case method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case method == http.MethodPost && query.Has("uploadId"):
		return "CompleteMultipartUpload"
	case method == http.MethodPut && query.Has("uploadId"):
		return "UploadPart"
	case method == http.MethodDelete && query.Has("uploadId"):
		return "AbortMultipartUpload"
	}
	return map[string]string{
		http.MethodGet: "GetObject", http.MethodHead: "HeadObject",
		http.MethodPut: "PutObject", http.MethodDelete: "DeleteObject",
	}[method]
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	call := Call{Op: operation(r.Method, key, query), Bucket: bucket, Key: key}
	unknown := call.Op == "" || r.Header.Get("X-Amz-Copy-Source") != ""
	if sum := r.Header.Get("X-Amz-Content-Sha256"); unknown || strings.HasPrefix(sum, "STREAMING-") && sum != trailing {
		s.write(w, r, refuse(http.StatusNotImplemented, "NotImplemented"), Fault{})
		return
	}
	if call.Op == "UploadPart" {
		number, err := strconv.ParseInt(query.Get("partNumber"), 10, 32)
		if err != nil || number < 1 || number > 10000 {
			s.write(w, r, refuse(http.StatusBadRequest, "InvalidArgument"), Fault{})
			return
		}
		call.Part = int32(number)
	}
	fault := s.meet(&call)
	if !fault.After && fault.spoils() {
		s.write(w, r, answer{}, fault)
		return
	}
	body, err := payload(r)
	if err != nil {
		s.write(w, r, refuse(http.StatusBadRequest, "IncompleteBody"), Fault{})
		return
	}
	s.mu.Lock()
	result := s.carryOut(call, r, query, body)
	s.mu.Unlock()
	s.write(w, r, result, fault)
}

// trailing marks a body in chunks, followed by its checksum.
const trailing = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

// payload reads the body. It decodes a chunked body with a trailing checksum, and moves the
// checksum to the header, where other requests have it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func payload(r *http.Request) ([]byte, error) {
	if r.Header.Get("X-Amz-Content-Sha256") != trailing {
		return io.ReadAll(r.Body)
	}
	in, body := bufio.NewReader(r.Body), bytes.Buffer{}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSuffix(line, "\r\n"), 16, 64)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			break
		}
		if _, err := io.CopyN(&body, in, size); err != nil {
			return nil, err
		}
		if _, err := in.Discard(len("\r\n")); err != nil {
			return nil, err
		}
	}
	trailer, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	for name, values := range trailer {
		r.Header[name] = values
	}
	announced := trailer.Get(r.Header.Get("X-Amz-Trailer")) != ""
	if !announced || r.Header.Get("X-Amz-Decoded-Content-Length") != strconv.Itoa(body.Len()) {
		return nil, io.ErrUnexpectedEOF
	}
	return body.Bytes(), nil
}

func (f Fault) spoils() bool { return f.Cut || f.Status != 0 }

// meet counts a call and asks the hook for its fault.
func (s *Server) meet(call *Call) Fault {
	s.mu.Lock()
	s.counts[call.Op]++
	call.Count = s.counts[call.Op]
	s.calls = append(s.calls, *call)
	hook := s.fault
	s.mu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(*call)
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, a answer, fault Fault) {
	if fault.Cut {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	if fault.Status != 0 {
		a = refuse(fault.Status, fault.Code)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amz-Request-Id", "s3fake")
	switch {
	case a.object != nil && fault.CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.object.Body)))
		w.WriteHeader(http.StatusOK)
		// The caller may have hung up, which cuts the body too.
		_, _ = w.Write(a.object.Body[:len(a.object.Body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case a.object != nil:
		// ServeContent handles Range, If-Match and If-None-Match by the ETag.
		http.ServeContent(w, r, "", a.object.Modified, bytes.NewReader(a.object.Body))
	case a.body == nil || r.Method == http.MethodHead:
		w.WriteHeader(a.status)
	default:
		encoded, err := xml.Marshal(a.body)
		if err != nil {
			panic(fmt.Sprintf("s3fake: an answer that can't be encoded: %v", err))
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(a.status)
		// A caller that hung up needs no answer.
		_, _ = io.WriteString(w, xml.Header+string(encoded))
	}
}
