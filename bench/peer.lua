-- The job of the contender "select" as somebody who knows OpenResty would do it:
-- nothing computed twice, two levels of cache before Redis, events written
-- ready-made into a table and sent in pipelined batches by a timer.

local lrucache = require "resty.lrucache"
local redis = require "nginx.redis"

local ngx, tonumber, ipairs = ngx, tonumber, ipairs
local format, gmatch, match, lower, gsub, find =
    string.format, string.gmatch, string.match, string.lower, string.gsub, string.find

local BATCH, QUEUE_MAX = 1000, 50000

local peer = {lost = 0}
local settings, pages, is_language, is_industry
local languages, devices, hosts, campaigns, profiles      -- LRU caches
local queue, queued, sequence = {}, 0, 0

function peer.init(s)
    settings, pages, is_language, is_industry = s, {}, {}, {}
    languages, devices = lrucache.new(1000), lrucache.new(1000)
    hosts, campaigns = lrucache.new(1000), lrucache.new(1000)
    profiles = lrucache.new(20000)

    for _, industry in ipairs(s.industries) do is_industry[industry] = true end

    for _, language in ipairs(s.languages) do
        is_language[language] = true
        pages[language] = {}
        for _, kind in ipairs { "general", unpack(s.industries) } do
            local path = "/" .. language .. "/" .. kind .. "/index.html"
            local file = io.open(s.root .. path)
            if file then
                file:close()
                pages[language][kind] = path
            end
        end
    end
end

local function lookup(header)
    local ranges, refused, named = {}, {}, {}
    for item in gmatch(header, "[^,]+") do
        local tag, rest = match(item, "^%s*([%a*-]+)%s*(.*)$")
        local q = rest == "" and 1
                  or rest and tonumber(match(rest, "^;%s*[qQ]=([01]%.?%d*)%s*$"))
        if tag and q then
            tag = lower(tag)
            named[match(tag, "^[^-]*")] = true
            if q == 0 then
                refused[tag] = true
            else
                ranges[#ranges + 1] = {tag = tag, q = q, n = #ranges}
            end
        end
    end
    table.sort(ranges, function(a, b)
        return a.q > b.q or a.q == b.q and a.n < b.n
    end)
    for _, range in ipairs(ranges) do
        local tag = range.tag
        if tag == "*" then
            for _, language in ipairs(settings.languages) do
                if not named[language] then return language end
            end
        end
        while tag do
            if is_language[tag] and not refused[tag] then return tag end
            tag = match(tag, "^(.*)%-")
        end
    end
    return settings.languages[1]
end

-- A function's answer for a text, remembered.
local function remembered(cache, of, text)
    local answer = cache:get(text)
    if answer == nil then
        answer = of(text)
        cache:set(text, answer)
    end
    return answer
end

local function fetch(visitor)
    local link = redis:new()
    link:set_timeout(50)
    if not link:connect("127.0.0.1", settings.redis) then return nil end
    local industry = link:hget("lua:profile:" .. visitor, "industry")
    if industry == nil or industry == false then
        link:close()
        return nil
    end
    link:set_keepalive(60000, 64)
    return is_industry[industry] and industry or ""
end

local function industry_of(visitor)
    local shared = ngx.shared.profiles
    local industry = profiles:get(visitor)
    if industry then return industry end
    industry = shared:get(visitor)
    if not industry then
        industry = fetch(visitor)
        if not industry then return "" end
        shared:set(visitor, industry, 60)
    end
    profiles:set(visitor, industry, 10)
    return industry
end

function peer.visit()
    local var, ctx = ngx.var, ngx.ctx
    local header, visitor = var.http_accept_language, var.cookie_vid
    local language = header and remembered(languages, lookup, header)
                     or settings.languages[1]
    local industry = ""
    if visitor and find(visitor, "^[%w._-]+$") and #visitor <= 64 then
        industry = industry_of(visitor)
        ctx.visitor = visitor
    end
    ctx.language, ctx.industry, ctx.path = language, industry, var.uri
    var.page = pages[language][industry] or pages[language].general
end

local function bulk(text)
    return "$" .. #text .. "\r\n" .. text .. "\r\n"
end

local function field(name, value)
    return value and value ~= "" and bulk(name) .. bulk(value) or ""
end

local function device_of(agent)
    local device = find(agent, "iPad") and "tablet"
                   or find(agent, "Mobile") and "mobile" or "desktop"
    return field("device", device)
end

local function host_of(referrer)
    return field("referrer", match(referrer, "^https?://([^/:]+)") or "")
end

local function campaign_of(args)
    local found = ngx.decode_args(args)
    return field("source", found.utm_source) .. field("medium", found.utm_medium)
           .. field("campaign", found.utm_campaign)
end

local function count_fields(text)
    local _, lines = gsub(text, "\n", "")
    return lines / 2
end

function peer.log()
    if queued >= QUEUE_MAX then
        peer.lost = peer.lost + 1
        return
    end
    local var, ctx = ngx.var, ngx.ctx
    local referrer, args = var.http_referer, var.args
    sequence = sequence + 1
    local event =
        field("id", format("%08x%016x", settings.nonce, sequence))
        .. field("ts", format("%.0f", ngx.now() * 1000))
        .. field("type", "view")
        .. field("visitor", ctx.visitor)
        .. field("host", var.host)
        .. field("path", ctx.path)
        .. field("status", var.status)
        .. field("country", var.country)
        .. field("language", ctx.language)
        .. field("industry", ctx.industry)
        .. (referrer and remembered(hosts, host_of, referrer) or "")
        .. (args and remembered(campaigns, campaign_of, args) or "")
        .. remembered(devices, device_of, var.http_user_agent or "")
    queued = queued + 1
    queue[queued] = event
end

local function send(link, first, last)
    local batch, n = {}, 0
    for i = first, last do
        local event = queue[i]
        n = n + 1
        batch[n] = format("*%d\r\n$4\r\nXADD\r\n$10\r\nlua:events\r\n$6\r\nMAXLEN\r\n"
                          .. "$1\r\n~\r\n$6\r\n100000\r\n$1\r\n*\r\n",
                          6 + count_fields(event)) .. event
    end
    if not link:send(batch) then return false end
    local lines = 0
    while lines < 2 * n do                      -- an answer has two lines
        local data = link:receiveany(65536)
        if not data or find(data, "-ERR", 1, true) then return false end
        local _, more = gsub(data, "\n", "")
        lines = lines + more
    end
    return true
end

local function flush()
    if queued == 0 then return end
    local link = ngx.socket.tcp()
    link:settimeout(1000)
    if not link:connect("127.0.0.1", settings.redis) then return end
    local sending, first, ok = queued, 1, true
    while ok and first <= sending do
        local last = math.min(first + BATCH - 1, sending)
        ok = send(link, first, last)
        if ok then first = last + 1 end
    end
    local left = {}
    for i = first, queued do left[#left + 1] = queue[i] end
    queue, queued = left, #left
    if ok then link:setkeepalive(60000, 4) else link:close() end
end

function peer.start()
    settings.nonce = ngx.worker.pid()
    local busy = false
    ngx.timer.every(0.1, function()
        if not busy then
            busy = true
            local ok, err = pcall(flush)
            busy = false
            if not ok then ngx.log(ngx.ERR, err) end
        end
    end)
end

return peer
