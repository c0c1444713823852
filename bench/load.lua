-- What wrk sends: load.lua FILE ORDER PAUSE SEED, the requests from FILE, in the
-- ORDER "random" or "sequence", each connection PAUSE milliseconds after its
-- last answer. At the end one line of JSON.

local requests, at = {}, 0

function init(args)
    local file = assert(io.open(args[1], "rb"))
    for request in file:read("*a"):gmatch("(%Z+)%z") do
        requests[#requests + 1] = request
    end
    file:close()

    if args[2] == "random" then
        math.randomseed(tonumber(args[4]))
        function request() return requests[math.random(#requests)] end
    else
        function request()
            at = at % #requests + 1
            return requests[at]
        end
    end

    local pause = tonumber(args[3])
    if pause > 0 then
        function delay() return pause end
    end
end

function done(summary, latency)
    local e = summary.errors
    print(('\nJSON {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "max": %f, '
           .. '"failed": %d}'):format(summary.requests, summary.duration / 1e6,
          latency:percentile(50) / 1000, latency:percentile(99) / 1000,
          latency.max / 1000, e.status + e.connect + e.read + e.write + e.timeout))
end
