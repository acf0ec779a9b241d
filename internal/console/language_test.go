package console

import "testing"

func TestLanguageOf(t *testing.T) {
	for _, c := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{nil, nil, "nb"},
		{nil, map[string]string{"LANG": "nn_NO.UTF-8"}, "nn"},
		{nil, map[string]string{"LANG": "en_GB.UTF-8"}, "en"},
		{nil, map[string]string{"LANG": "C"}, "nb"},
		{nil, map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "nn_NO.UTF-8"}, "nn"},
		{nil, map[string]string{"LANG": "nb_NO.UTF-8", "FELLESKRAV_LANG": "en"}, "en"},
		{[]string{"version", "--lang", "en"}, map[string]string{"LANG": "nn_NO"}, "en"},
	} {
		if got := languageOf(c.args, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v %v: %s, want %s", c.args, c.env, got, c.want)
		}
	}
}
