package witness

import (
	"bytes"
	"errors"
	"testing"
)

// Whatever is read as a request is written back as the same bytes.
func FuzzAddCheckpointBody(f *testing.F) {
	hash := "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
	note := "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
	f.Add([]byte("old 20852014\n" + hash + hash + "\n" + note))
	f.Add([]byte("old 0\n\n" + note))
	f.Add([]byte("old 00\n\n"))
	f.Add([]byte("old 1\n" + hash + "\r\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err != nil {
			if !errors.Is(err, errRequest) {
				t.Fatal(err)
			}
			return
		}
		if r.Old < 0 || len(r.Proof) > maxProof || !bytes.Equal(r.body(), body) {
			t.Fatalf("%q reads as %+v", body, r)
		}
	})
}
