-- The action "videotoken" asks the service about a request and leaves its answer in the variables
-- txn.token_status, txn.token_path and txn.token_reason. Where it fails it sets none of them, and
-- haproxy.cfg serves nothing without a status.
--
--     http-request lua.videotoken http://127.0.0.1:3002/verify/auth-request/aws-1
--     http-request lua.videotoken unix@/run/videotoken.sock:/verify/auth-request/aws-1

core.register_action("videotoken", { "http-req" }, function(txn, url)
	-- pathq is the path and query as the client sent them; url has a scheme and a host with HTTP/2.
	local uri, address = txn.f:pathq(), txn.f:src()
	-- No header of the client's goes along, for the service would read a forged one.
	local socket, route = url:match("^(unix@[^:]+):(/.*)$")
	local answer = core.httpclient():get{
		url = socket and "http://localhost" .. route or url,
		dst = socket,
		headers = { ["X-Original-URI"] = { uri or "" }, ["X-Real-IP"] = { address or "" } },
		timeout = 2000,
	}
	local function first(name)
		local values = answer.headers and answer.headers[name]
		return values and values[0]
	end
	txn:set_var("txn.token_reason", first("x-token-reason") or "")
	local path = first("x-token-path")
	if answer.status == 200 and path then
		txn:set_var("txn.token_path", path)
	end
	txn:set_var("txn.token_status", answer.status)
end, 1)
