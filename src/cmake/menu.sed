# The menu that a phone has in place of the side bar: Doxygen's "Pages" would be
# empty, since each page is below the first one.
s/{text:"Pages",url:"pages.html"},*//
s/{text:"loopchan",url:"index.html"},*/&\
{text:"I want to…",url:"page_examples_tasks.html"},\
{text:"Guides",url:"page_examples_guides.html"},\
{text:"The contract",url:"contract.html"},\
{text:"C++",url:"loopchan_hpp.html"},\
{text:"Coroutines",url:"loopchan_coro_hpp.html"},/
