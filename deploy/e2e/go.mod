module videotoken/deploy/e2e

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign v1.9.16
	github.com/chromedp/chromedp v0.23.0
	github.com/google/go-containerregistry v0.22.1
	videotoken v0.0.0
)

require (
	github.com/chromedp/cdproto v0.159.0 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/klauspost/cpuid/v2 v2.0.12 // indirect
	github.com/maypok86/otter/v2 v2.4.0 // indirect
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/opencontainers/image-spec v1.1.1 // indirect
	github.com/zeebo/blake3 v0.2.4 // indirect
)

replace videotoken => ../..
