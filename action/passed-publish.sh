# shellcheck shell=bash
# What stella gets of the environment of a job that publishes, beside the token: what the run is about, and the way to GitHub.
# shellcheck disable=SC2034 # read by those that source this
passed=(
	GITHUB_ACTIONS GITHUB_WORKSPACE GITHUB_REPOSITORY GITHUB_EVENT_NAME GITHUB_EVENT_PATH GITHUB_SHA GITHUB_REF
	GITHUB_RUN_ID GITHUB_RUN_ATTEMPT GITHUB_SERVER_URL GITHUB_API_URL RUNNER_TEMP
	HTTP_PROXY http_proxy HTTPS_PROXY https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
	SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE CI HOME NO_COLOR
)
