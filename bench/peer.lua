-- The job of the contender "select" as somebody who knows OpenResty would do it:
-- nothing computed twice, two levels of cache before Redis, events written
-- ready-made into a buffer and sent in pipelined batches by a timer.

local lrucache = require "resty.lrucache"
local redis = require "nginx.redis"
local buffer = require "string.buffer"

local ngx, tonumber, ipairs, select = ngx, tonumber, ipairs, select
local find, format, gmatch, gsub, lower, match =
    string.find, string.format, string.gmatch, string.gsub, string.lower, string.match

local QUEUE_MAX = 50000
local COMMAND = "\r\n$4\r\nXADD\r\n$10\r\nlua:events\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n"
                .. "$6\r\n100000\r\n$1\r\n*\r\n$2\r\nid\r\n$"

local peer = {lost = 0}
local settings, pages, is_language, is_industry
local languages, variants, devices, referrers, campaigns, profiles    -- LRU caches
local queue, queued, sequence, nonce = buffer.new(), 0, 0, nil

function peer.init(s)
    settings, pages, is_language, is_industry = s, {}, {}, {}
    languages, variants = lrucache.new(1000), lrucache.new(10000)
    devices, referrers = lrucache.new(1000), lrucache.new(1000)
    campaigns = lrucache.new(1000)
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
    if #visitor > 64 or not find(visitor, "^[%w._-]+$") then return nil end
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
    local industry = profiles:get(visitor)
    if industry then return industry end
    local shared = ngx.shared.profiles
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
    local industry = visitor and industry_of(visitor) or ""
    ctx.visitor, ctx.language, ctx.industry = visitor, language, industry
    ctx.path = var.uri
    var.page = pages[language][industry] or pages[language].general
end

-- Fields of an event in Redis' protocol, and how many arguments they are.
local function fields(...)
    local text, count = "", 0
    for i = 1, select("#", ...), 2 do
        local name, value = select(i, ...)
        if value and value ~= "" then
            text = text .. "$" .. #name .. "\r\n" .. name
                   .. "\r\n$" .. #value .. "\r\n" .. value .. "\r\n"
            count = count + 2
        end
    end
    return {text = text, count = count}
end

local function device_of(agent)
    return fields("device", find(agent, "iPad") and "tablet"
                            or find(agent, "Mobile") and "mobile" or "desktop")
end

local function referrer_of(url)
    return fields("referrer", match(url, "^https?://([^/:]+)"))
end

local function campaign_of(args)
    local found = ngx.decode_args(args)
    return fields("source", found.utm_source, "medium", found.utm_medium,
                  "campaign", found.utm_campaign)
end

-- language, industry and country, "de food AT"
local function variant_of(text)
    local language, industry, country = match(text, "^(%S*) (%S*) (%S*)$")
    return fields("country", country, "language", language, "industry", industry)
end

local nothing = fields()
local time, time_text = 0, ""

function peer.log()
    if queued >= QUEUE_MAX then
        peer.lost = peer.lost + 1
        return
    end
    local var, ctx = ngx.var, ngx.ctx
    local referrer, args, visitor = var.http_referer, var.args, ctx.visitor
    local host, path = var.host, ctx.path
    local variant = remembered(variants, variant_of, ctx.language .. " "
                               .. ctx.industry .. " " .. var.country)
    local device = remembered(devices, device_of, var.http_user_agent or "")
    referrer = referrer and remembered(referrers, referrer_of, referrer) or nothing
    args = args and remembered(campaigns, campaign_of, args) or nothing

    local now = ngx.now()
    if now ~= time then
        time, time_text = now, format("%013.0f", now * 1000)
    end
    sequence = sequence + 1
    local id = nonce .. sequence
    local count = 18 + variant.count + referrer.count + args.count + device.count
    if visitor then count = count + 2 end

    queue:put("*", count, COMMAND, #id, "\r\n", id, "\r\n$2\r\nts\r\n$13\r\n",
              time_text, "\r\n$4\r\ntype\r\n$4\r\nview\r\n")
    if visitor then
        queue:put("$7\r\nvisitor\r\n$", #visitor, "\r\n", visitor, "\r\n")
    end
    queue:put("$4\r\nhost\r\n$", #host, "\r\n", host, "\r\n$4\r\npath\r\n$", #path,
              "\r\n", path, "\r\n$6\r\nstatus\r\n$3\r\n", var.status, "\r\n",
              variant.text, referrer.text, args.text, device.text)
    queued = queued + 1
end

-- Sends commands and reads as many answers, of two lines each.
local function send(commands, count)
    local link = ngx.socket.tcp()
    link:settimeout(1000)
    if not link:connect("127.0.0.1", settings.redis) or not link:send(commands) then
        return false
    end
    local lines = 0
    while lines < 2 * count do
        local data = link:receiveany(65536)
        if not data or find(data, "-ERR", 1, true) then
            link:close()
            return false
        end
        local _, more = gsub(data, "\n", "")
        lines = lines + more
    end
    link:setkeepalive(60000, 4)
    return true
end

function peer.start()
    nonce = ngx.worker.pid() .. "-" .. ngx.now() .. "-"
    local batch, count, busy = nil, 0, false
    ngx.timer.every(0.1, function()
        if busy or not batch and queued == 0 then return end
        busy = true
        if not batch then
            batch, count, queued = queue:get(), queued, 0
        end
        local ok, sent = pcall(send, batch, count)
        if ok and sent then batch = nil end
        busy = false
    end)
end

return peer
