-- Slots as somebody who knows OpenResty would fill them: the marks found by plain
-- searches, contents in an LRU cache, the page put out in pieces and not put together
-- again. A page without marks goes out as the string that it came as.

local lrucache = require "resty.lrucache"

local ngx, concat, find, sub = ngx, table.concat, string.find, string.sub

local OPEN, CLOSE, NAME_MAX, SECONDS = "<!-- es:", " -->", 64, 60

local peer = {}
local root, contents

function peer.init(folder)
    root, contents = folder, lrucache.new(1000)
end

-- nil if there is none; that is remembered, too
local function content(language, name)
    local key = language .. "/general/" .. name
    local text = contents:get(key)
    if text == nil then
        local file = io.open(root .. "/" .. key .. ".html", "rb")
        text = file and file:read("*a") or false
        if file then file:close() end
        contents:set(key, text, SECONDS)
    end
    return text or nil
end

local function fill(page, language)
    local from, to = find(page, OPEN, 1, true)
    if not from then return page end

    local pieces, n, rest = {}, 0, 1
    while from do
        local at, open = find(page, CLOSE, to, true)
        if not at then break end
        local text, close
        if at - to <= NAME_MAX then
            local name = sub(page, to + 1, at - 1)
            close = find(page, "<!-- /es:" .. name .. CLOSE, open, true)
            text = close and not find(name, "[^%w_-]") and content(language, name)
        end
        if text then
            pieces[n + 1], pieces[n + 2] = sub(page, rest, open), text
            n, rest = n + 2, close
        end
        from, to = find(page, OPEN, text and close or open, true)
    end
    pieces[n + 1] = sub(page, rest)
    return pieces
end

function peer.header()
    if ngx.status == 200 then
        ngx.header.content_length = nil
        ngx.header.last_modified = nil
        ngx.ctx.chunks = {}
    end
end

function peer.body()
    local chunks = ngx.ctx.chunks
    if not chunks then return end

    local chunk, last = ngx.arg[1], ngx.arg[2]
    if not last then
        chunks[#chunks + 1] = chunk
        ngx.arg[1] = nil
        return
    end

    local page = chunk
    if chunks[1] then
        chunks[#chunks + 1] = chunk
        page = concat(chunks)
    end
    page = fill(page, ngx.var.language)
    if page ~= chunk then ngx.arg[1] = page end
    ngx.ctx.chunks = nil
end

return peer
