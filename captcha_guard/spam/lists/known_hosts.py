"""Hosts that technical readers refer to, and platforms whose pages belong to many people.

An entry covers its subdomains.
"""

from __future__ import annotations

from typing import Final

#: Works of reference: standards, documentation, encyclopaedias, and the scripts and namespaces that code names. An
#: advertisement there is soon deleted.
_WORKS: Final = """
    access.redhat.com acm.org agner.org ajax.googleapis.com angular.dev angular.io angularjs.org apache.org
    archlinux.de archlinux.org arxiv.org asp.net aws.amazon.com babeljs.io caniuse.com cdnjs.cloudflare.com
    chromestatus.com chromium.org clojure.org cloud.google.com cmake.org confluence.atlassian.com cppreference.com
    dart.dev debian.org deno.com deno.land developer.android.com developer.apple.com developers.google.com
    djangoproject.com docs.docker.com docs.github.com docs.gitlab.com docs.oracle.com docs.redhat.com docs.rs
    doi.org dot.net eclipse.org ecma-international.org elastic.co elixir-lang.org emberjs.com erlang.org
    eslint.org expressjs.com fastapi.tiangolo.com fedoraproject.org flutter.dev fonts.googleapis.com freebsd.org
    freedesktop.org getbootstrap.com getcomposer.org git-scm.com gnome.org gnu.org go.dev golang.org grafana.com
    graphql.org groovy-lang.org grpc.io hashicorp.com haskell.org helm.sh hibernate.org iana.org ieee.org ietf.org
    iso.org java.com java.net java.sun.com jetbrains.com jquery.com jqueryui.com jsdelivr.net json-schema.org
    json.org jsonapi.org julialang.org jupyter.org kde.org kernel.org kotlinlang.org kubernetes.io laravel.com
    lesscss.org letsencrypt.org linux.die.net llvm.org lua.org man7.org mariadb.com mariadb.org mathjax.org
    metacpan.org microsoft.com mongodb.com mono-project.com mozilla.org mysql.com nextjs.org nginx.com nginx.org
    nist.gov nixos.org nodejs.org numpy.org oasis-open.org oauth.net ocaml.org openapis.org openbsd.org
    opengroup.org openid.net openjdk.org openssh.com openssl.org owasp.org palletsprojects.com perl.org php.net
    phpunit.de postgresql.org prometheus.io protobuf.dev pydata.org python.org pytorch.org qt.io r-project.org
    rabbitmq.com react.dev reactjs.org redis.io regular-expressions.info rfc-editor.org ruby-lang.org
    rubyonrails.org rust-lang.org samba.org sass-lang.com scala-lang.org schema.org schemas.openxmlformats.org
    scikit-learn.org scipy.org selenium.dev selfhtml.org semver.org spring.io sqlalchemy.org sqlite.org ssllabs.com
    support.apple.com svelte.dev swagger.io swift.org symfony.com tailwindcss.com tensorflow.org terraform.io
    tldp.org typescriptlang.org ubuntu-fr.org ubuntu.com ubuntuusers.de unicode.org unpkg.com usenix.org
    vagrantup.com vim.org visualstudio.com vite.dev vitejs.dev vuejs.org w3.org webassembly.org webkit.org
    webpack.js.org whatwg.org wikibooks.org wikimedia.org wikipedia.org wiktionary.org wireshark.org wordpress.org
    xml.org xmlsoap.org
"""

#: Sites for programmers where anyone can publish: code, packages, questions and answers, snippets.
_FORGES: Final = """
    3v4l.org askubuntu.com bitbucket.org codeberg.org codepen.io codeplex.com codeproject.com codesandbox.io
    crates.io developpez.com developpez.net dotnetfiddle.net framagit.org gitea.com github.com gitlab.com
    godbolt.org hub.docker.com jsbin.com jsfiddle.net launchpad.net maven.org npmjs.com npmjs.org
    nuget.org observablehq.com packagist.org plnkr.co purl.org pypi.org qiita.com readthedocs.io
    readthedocs.org regex101.com rubygems.org serverfault.com sharplab.io sourceforge.net sr.ht
    stackblitz.com stackexchange.com stackoverflow.com superuser.com zenn.dev
"""

#: Other sites where the accounts or pages of many people have one host.
_PLATFORMS: Final = """
    amazon.com archive.org bing.com dailymotion.com dev.to deviantart.com discord.com discord.gg disqus.com
    dropbox.com ebay.com etsy.com facebook.com flickr.com google.com gumroad.com habr.com imdb.com imgur.com
    instagram.com issuu.com kickstarter.com linkedin.com linktr.ee medium.com meetup.com ok.ru patreon.com
    pinterest.com quora.com reddit.com scribd.com slideshare.net soundcloud.com speakerdeck.com spotify.com t.me
    telegram.me tiktok.com twitch.tv twitter.com udemy.com vimeo.com vk.com wa.me x.com yahoo.com youtu.be
    youtube.com
"""

#: Blog hosts that give each customer a subdomain and aren't in the public suffix list.
_HOSTING: Final = """
    000webhostapp.com angelfire.com blog.hu blog.jp blogger.com bravenet.com canalblog.com fandom.com fc2.com
    free.fr geekswithblogs.net hashnode.dev home.blog jimdo.com livejournal.com mystrikingly.com narod.ru
    neocities.org netlify.com ning.com over-blog.com squarespace.com strikingly.com substack.com surge.sh
    tistory.com tripod.com tumblr.com typepad.com ucoz.ru webnode.com webs.com weebly.com wikidot.com wordpress.com
"""

WORKS: Final = frozenset(_WORKS.split())
FORGES: Final = frozenset(_FORGES.split())
PLATFORMS: Final = FORGES | frozenset(_PLATFORMS.split())
HOSTING: Final = frozenset(_HOSTING.split())


def is_listed(host: str, hosts: frozenset[str]) -> bool:
    """Return whether ``host`` or a domain above it is one of ``hosts``."""
    while host not in hosts:
        _, dot, host = host.partition(".")
        if not dot:
            return False
    return True
