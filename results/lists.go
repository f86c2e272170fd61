package results

import "strings"

// lists are the keys whose value is a list: words, and name:value for each of several
// things, as "small trial:0123 worker:4567".
var lists = map[string]bool{KeySizes: true, KeyPrograms: true, KeyClaims: true}

// differ returns in what two values of a key differ, "" and "" if they do not. A run
// has sizes, programs and claims only of what it measured: what one of two lists does not
// name is no difference.
func differ(key, was, is string) (before, after string) {
	if !lists[key] {
		if was == is {
			return "", ""
		}
		return was, is
	}
	wasWords, wasNamed := split(was)
	isWords, isNamed := split(is)
	var old, new []string
	if wasWords != "" && isWords != "" && wasWords != isWords {
		old, new = append(old, wasWords), append(new, isWords)
	}
	for _, field := range strings.Fields(was) {
		name, _, _ := strings.Cut(field, ":")
		if a, b := wasNamed[name], isNamed[name]; a != "" && b != "" && a != b {
			old, new = append(old, name+":"+a), append(new, name+":"+b)
		}
	}
	return strings.Join(old, " "), strings.Join(new, " ")
}

func split(list string) (words string, named map[string]string) {
	var plain []string
	named = map[string]string{}
	for _, field := range strings.Fields(list) {
		if name, value, ok := strings.Cut(field, ":"); ok {
			named[name] = value
		} else {
			plain = append(plain, field)
		}
	}
	return strings.Join(plain, " "), named
}
