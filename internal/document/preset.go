package document

// presets are the patterns of players' own documents, by the player's name.
var presets = map[string][]Pattern{
	// Plyr's source object: github.com/sampotts/plyr, "The source setter", and previewThumbnails,
	// whose src is a VTT file, or several, beside the pictures that it names.
	"plyr": {
		{Path: "sources[].src"},
		{Path: "poster"},
		{Path: "tracks[].src"},
		{Path: "previewThumbnails.src", Directory: true},
		{Path: "previewThumbnails.src[]", Directory: true},
	},
	// Video.js' options and loadMedia's media object: videojs.com/guides/options and
	// docs.videojs.com/player, "loadMedia".
	"videojs": {
		{Path: "sources[].src"},
		{Path: "poster"},
		{Path: "tracks[].src"},
		{Path: "textTracks[].src"},
		{Path: "artwork[].src"},
	},
	// JW Player's playlist items: docs.jwplayer.com, "Playlists", of a setup with a playlist or of
	// one item. A track of the kind thumbnails is a VTT file beside the pictures that it names.
	"jwplayer": {
		{Path: "playlist[].sources[].file"},
		{Path: "playlist[].file"},
		{Path: "playlist[].image"},
		{Path: "playlist[].tracks[].file", Directory: true},
		{Path: "sources[].file"},
		{Path: "file"},
		{Path: "image"},
		{Path: "tracks[].file", Directory: true},
	},
}

// Preset returns the patterns of a player's documents. The players are plyr, videojs and jwplayer.
func Preset(player string) (list []Pattern, ok bool) {
	list, ok = presets[player]
	return list, ok
}
