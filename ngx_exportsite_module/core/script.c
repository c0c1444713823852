/*
 * Made by scripts/make-script from script/exportsite.js, by esbuild 0.17.0;
 * do not edit. What it is good for is told in script.h.
 *
 * sha256 of the source:
 * 857dc56a07a390e47c81715b69e7c717b315f62d10b416804333108b7f975ac6
 */
#include "script.h"

const char  es_script[] =
    "(function(_,L){const n=C=>(...H)=>{try{return C(...H)}catch(G){}};n(()=>{"
    "const K=/\\.(7z|apk|csv|deb|dmg|docx?|dwg|dxf|epub|exe|gz|ics|iso|mp[34]|"
    "msi|od[pst]|pdf|pkg|pptx?|rar|rpm|rtf|ste?p|stl|tgz|txt|vcf|xlsx?|zip)$/i"
    ",g=document.currentScript;if(!g||!g.src||(window.exportsite||\"\").track)"
    "return;const M=g.src.split(/[?#]/)[0],v=/gpc/.test(L)&&navigator.globalPr"
    "ivacyControl===!0||/dnt/.test(L)&&[navigator.doNotTrack,window.doNotTrack"
    "].includes(\"1\");let u,d,l=[],b=0,p=0,T=-1,h=0,x=0,i=0,A=0,Y,z;const E=("
    ")=>document.visibilityState==\"visible\",s=n((t,e)=>addEventListener(t,n("
    "e),!0)),S=t=>'\"'+t.replace(/[\"\\\\\\x01-\\x1f]/g,e=>\"\\\\u00\"+(\"0\"+"
    "e.charCodeAt(0).toString(16)).slice(-2))+'\"',N=t=>new TextEncoder().enco"
    "de(t),D=t=>new TextDecoder().decode(N(String(t).replace(/\\0/g,\"?\").sli"
    "ce(0,256)).subarray(0,256),{stream:!0}),P=()=>location.pathname.replace(/"
    "%00/g,\"%3F\").slice(0,3072),F=t=>n(decodeURIComponent)(t)||t,f=n(()=>{co"
    "nst t=\"[\"+l.join()+\"]\";clearTimeout(p),p=0,l.length&&(l=[],b=0,n(()=>"
    "navigator.sendBeacon(M,new Blob([t],{type:\"application/json\"})))()||n(("
    ")=>fetch(M,{method:\"POST\",body:t,headers:{\"Content-Type\":\"applicatio"
    "n/json\"},credentials:\"include\",keepalive:!0}).catch(()=>{}))())}),J=n("
    "()=>{performance.getEntriesByType(\"navigation\")[0].serverTiming.forEach"
    "(t=>{t.name==\"es\"&&/^[0-9a-f]{24}$/.test(t.description)&&(u=t.descripti"
    "on)})}),w=(t,e,o,c)=>{const r=e==null?\"\":D(e);let a='{\"type\":'+S(t)+'"
    ",\"path\":'+S(d);r&&(a+=',\"label\":'+S(r)),Number.isFinite(o)&&(a+=',\"v"
    "alue\":'+(Math.abs(o)<1e15?o:o.toExponential())),c>=0&&c<9e15&&(a+=',\"ms"
    "\":'+Math.round(c)),u||J(),u&&(a+=',\"page\":\"'+u+'\"'),a+=\"}\";const q"
    "=N(a).length+1;(l.length==32||b+q+1>8192)&&f(),l.push(a),b+=q},m=(...t)=>"
    "(w(...t),E()?p=p||setTimeout(f,1e3):f(),!0),I=n(t=>{const e=performance.n"
    "ow();T>=0&&(h+=e-T),T=t?e:-1}),R=t=>{I(t),Math.round(h)&&(w(\"dwell\",nul"
    "l,null,h),h=0),i>A&&(w(\"scroll\",null,i),A=i)},j=()=>{R(!1),f()},k=()=>E"
    "()?I(!0):j(),Q=()=>{const t=Math.max(0,pageYOffset),e=document.scrollingE"
    "lement.scrollHeight;t>x&&(i=Math.max(i,Math.min(100,Math.round(100*(t+inn"
    "erHeight)/e)))),x=t},O=n(()=>{const t=P();t!=d&&(R(E()),d=t,i=A=0,m(\"vie"
    "w\"))}),B=(t,e)=>t.composedPath?t.composedPath().find(o=>o.matches&&o.mat"
    "ches(e)):t.target.closest(e),V=n(t=>{const e=new URL(t.getAttribute(\"hre"
    "f\"),document.baseURI);return/^http/.test(e.protocol)?e.host!=location.ho"
    "st?\"outbound:\"+e.origin+F(e.pathname):(t.hasAttribute(\"download\")||K."
    "test(e.pathname)?\"download:\":\"\")+F(e.pathname):e.protocol}),y=(t,e)=>"
    "(t.getAttribute(\"data-es-\"+e)||\"\").trim(),U=t=>{const e=y(t,\"value\""
    ");m(\"goal\",y(t,\"goal\"),e?Number(e):null)},$=t=>{const e=B(t,\"a[href]"
    ",area[href]\"),o=B(t,\"[data-es-label]\"),c=B(t,\"[data-es-goal]:not(form"
    ")\"),r=o||e||c;t.type==\"auxclick\"&&(t.button!=1||!e)||!r||r==Y&&t.timeS"
    "tamp-z<20||(Y=r,z=t.timeStamp,(e||o)&&m(\"click\",o&&y(o,\"label\")||e&&V"
    "(e)),c&&U(c))};window.exportsite={track:(t,e)=>!v&&n(()=>{const o=e||{};r"
    "eturn t.match(/^[a-z0-9_-]{1,32}$/)&&m(t,o.label,o.value,o.ms)})()||!1,co"
    "nsent:t=>_&&n(()=>{const e=_+\"=\"+(t===!0?1:0);return document.cookie=e+"
    "\";path=/;max-age=\"+15552e3+\";samesite=lax\"+(location.protocol==\"http"
    "s:\"?\";secure\":\"\"),document.cookie.split(\"; \").includes(e)})()||!1}"
    ",!v&&(d=P(),x=pageYOffset,k(),s(\"visibilitychange\",k),s(\"pagehide\",j)"
    ",s(\"pageshow\",k),s(\"scroll\",Q),s(\"click\",$),s(\"auxclick\",$),s(\"s"
    "ubmit\",t=>t.target.matches(\"[data-es-goal]\")&&U(t.target)),s(\"popstat"
    "e\",O),n(()=>{const t=history.pushState;t&&(history.pushState=function(.."
    ".e){const o=t.apply(this,e);return O(),o})})())})()})";

const size_t  es_script_len = sizeof(es_script) - 1;
