package video

import (
	"fmt"
	"strconv"

	"videotoken/internal/cdn"
	"videotoken/internal/document"
)

const unknownCDN = "is not the name of a CDN of this service: leave it out, or name another"

// choice returns the CDNs that the request's options leave to choose from, nil for all of them.
func (s *Signer) choice(r *request) (*cdn.Mask, error) {
	d := &r.document
	o := &d.Options
	if o.CDN.IsAbsent() && len(o.Exclude) == 0 {
		return nil, nil
	}
	r.chosen = s.CDNs.Everyone()
	if !o.CDN.IsAbsent() {
		if !d.IsString(o.CDN) {
			return nil, document.Errorf("/token/cdn", "must be a string: the name of a CDN")
		}
		i := s.CDNs.Index(d.Text(o.CDN))
		if i < 0 {
			return nil, document.Errorf("/token/cdn", unknownCDN)
		}
		if !r.chosen.Has(i) {
			return nil, document.Errorf("/token/cdn",
				"has the weight 0, so that it takes no new videos: ask for another CDN")
		}
		r.chosen = cdn.Mask{}
		r.chosen.Add(i)
	}
	for n, name := range o.Exclude {
		i := s.CDNs.Index(d.Text(name))
		if i < 0 {
			return nil, document.Errorf("/token/exclude/"+strconv.Itoa(n), unknownCDN)
		}
		r.chosen.Remove(i)
	}
	if r.chosen == (cdn.Mask{}) {
		return nil, document.Errorf("/token/exclude",
			"leaves no CDN that may be picked: exclude fewer")
	}
	return &r.chosen, nil
}

// able returns the CDNs of a choice that can express what a video needs, nil for all CDNs.
func (s *Signer) able(r *request, v document.Video, chosen *cdn.Mask) (*cdn.Mask, error) {
	if !s.CDNs.Foreign() {
		return chosen, nil
	}
	if r.able = s.CDNs.Everyone(); chosen != nil {
		r.able = *chosen
	}
	for i := v.First; i < v.End; i++ {
		source := &r.sources[i]
		if source.foreign {
			continue
		}
		before := r.able
		r.claims.Depth = source.depth
		if s.CDNs.Keep(&r.able, &source.Source, &r.claims); r.able == (cdn.Mask{}) {
			return nil, r.sourceError(i, fmt.Errorf("no CDN that is left can serve it: %s",
				s.CDNs.Explain(&before, &source.Source, &r.claims)))
		}
	}
	return &r.able, nil
}

func (s *Signer) pick(id []byte, chosen *cdn.Mask) *cdn.CDN {
	if chosen == nil {
		return s.CDNs.Pick(id)
	}
	return s.CDNs.PickAmong(id, chosen)
}

// earlier returns the CDN that an earlier attempt picked for the next video, nil for none: without
// an attempt, after a reload, or where it cannot express any more what the video needs.
func (r *request) earlier(s *Signer, able *cdn.Mask) *cdn.CDN {
	i := len(r.issued)
	if r.before.cdns != s.CDNs || i >= len(r.before.picked) {
		return nil
	}
	c := r.before.picked[i]
	if able != nil && !able.Has(s.CDNs.Index([]byte(c.Name))) {
		return nil
	}
	return c
}
